"""Reads a JSON list from standard input and writes one line an entry: the second opinion of the package `hpack` on HPACK.

encode: {"tableSize": N | absent, "fields": [[name, value, sensitive], ...]} -> the block, hexadecimal
decode: the block, hexadecimal -> [[name, value, sensitive], ...]

Names and values are characters U+0000 to U+00FF, one a byte.
"""

import json
import sys

from hpack import Decoder, Encoder, NeverIndexedHeaderTuple

entries = json.load(sys.stdin)
if sys.argv[1] == "encode":
    encoder = Encoder()
    for entry in entries:
        if "tableSize" in entry:
            encoder.header_table_size = entry["tableSize"]
        fields = [
            (name.encode("latin-1"), value.encode("latin-1"), sensitive) for name, value, sensitive in entry["fields"]
        ]
        print(encoder.encode(fields).hex())
else:
    decoder = Decoder(max_header_list_size=1 << 24)
    for entry in entries:
        fields = decoder.decode(bytes.fromhex(entry), raw=True)
        print(
            json.dumps(
                [
                    [name.decode("latin-1"), value.decode("latin-1"), isinstance(field, NeverIndexedHeaderTuple)]
                    for field in fields
                    for name, value in [field]
                ]
            )
        )
