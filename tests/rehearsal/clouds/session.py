"""Stands for Session Manager: carries connections to the machine's own address, in whose network it runs.

Usage: session.py FROM TO, each "HOST:PORT"
"""

import asyncio
import sys


async def carry(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    (host, port), (to_host, to_port) = (address.split(":") for address in sys.argv[1:])

    async def session(reader, writer):
        try:
            to_reader, to_writer = await asyncio.open_connection(to_host, int(to_port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(carry(reader, to_writer), carry(to_reader, writer))

    server = await asyncio.start_server(session, host, int(port))
    await server.serve_forever()


asyncio.run(main())
