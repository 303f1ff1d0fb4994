// Reads a JSON list from standard input and writes one line an entry: the second opinion of golang.org/x/net on HPACK.
//
//	encode: {"tableSize": N | absent, "fields": [[name, value, sensitive], ...]} -> the block, hexadecimal
//	decode: the block, hexadecimal -> [[name, value, sensitive], ...]
//
// Names and values are characters U+0000 to U+00FF, one a byte.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/net/http2/hpack"
)

type section struct {
	TableSize *uint32 `json:"tableSize"`
	Fields    [][3]any `json:"fields"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func toBytes(text string) string {
	var out []byte
	for _, r := range text {
		out = append(out, byte(r))
	}
	return string(out)
}

func toText(octets string) string {
	out := make([]rune, 0, len(octets))
	for i := 0; i < len(octets); i++ {
		out = append(out, rune(octets[i]))
	}
	return string(out)
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	if os.Args[1] == "encode" {
		var sections []section
		check(input.Decode(&sections))
		var block bytes.Buffer
		encoder := hpack.NewEncoder(&block)
		for _, s := range sections {
			block.Reset()
			if s.TableSize != nil {
				encoder.SetMaxDynamicTableSize(*s.TableSize)
			}
			for _, f := range s.Fields {
				check(encoder.WriteField(hpack.HeaderField{
					Name: toBytes(f[0].(string)), Value: toBytes(f[1].(string)), Sensitive: f[2].(bool),
				}))
			}
			fmt.Fprintln(out, hex.EncodeToString(block.Bytes()))
		}
		return
	}
	var blocks []string
	check(input.Decode(&blocks))
	decoder := hpack.NewDecoder(4096, nil)
	for _, text := range blocks {
		block, err := hex.DecodeString(text)
		check(err)
		fields, err := decoder.DecodeFull(block)
		check(err)
		list := [][3]any{}
		for _, f := range fields {
			list = append(list, [3]any{toText(f.Name), toText(f.Value), f.Sensitive})
		}
		line, err := json.Marshal(list)
		check(err)
		fmt.Fprintln(out, string(line))
	}
}
