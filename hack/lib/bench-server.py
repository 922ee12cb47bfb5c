"""The API server's side of hack/bench: watches that say something now and then, and small answers at once.

bench-server.py CERTIFICATE KEY SECONDS: listens on loopback over TLS, prints its port, and ends with its standard
input. Each watch gets an event of 1 KiB every SECONDS, all of them spread over that time.
"""

import asyncio
import os
import ssl
import sys

EVENT = (b'{"type":"MODIFIED","object":{"pad":"' + b"x" * 985 + b'"}}\n')
OBJECT = b'{"kind":"Lease","pad":"' + b"x" * 999 + b'"}'


async def watch(writer, period, number):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(period * (number * 0.6180339887 % 1))
    while True:
        writer.write(b"%x\r\n%s\r\n" % (len(EVENT), EVENT))
        await writer.drain()
        await asyncio.sleep(period)


async def serve(reader, writer, period, count):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = 0
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            await reader.readexactly(length)
            if b"watch=" in head.split(b"\r\n", 1)[0]:
                count[0] += 1
                await watch(writer, period, count[0])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(OBJECT) + OBJECT)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main(certificate, key, period):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    count = [0]
    server = await asyncio.start_server(
        lambda reader, writer: serve(reader, writer, period, count), "127.0.0.1", 0, ssl=context, backlog=2048
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    # Nobody is left to whom the rest would matter.
    os._exit(0)


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
