//go:build tools

// Package tools names what this module is for: h2spec, at the version of go.mod.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
