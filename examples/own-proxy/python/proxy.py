"""A TCP relay in Python: `python3 proxy.py LISTEN UPSTREAM`, each as host:port."""
import asyncio
import sys


def address(text: str) -> tuple[str, int]:
    host, port = text.rsplit(":", 1)
    return host, int(port)


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        origin_reader, origin_writer = await asyncio.open_connection(*upstream)
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, origin_writer), copy(origin_reader, writer))
    for side in (writer, origin_writer):
        side.close()


async def main() -> None:
    server = await asyncio.start_server(relay, *listen, backlog=512)
    await server.serve_forever()


listen, upstream = (address(text) for text in sys.argv[1:3])
asyncio.run(main())
