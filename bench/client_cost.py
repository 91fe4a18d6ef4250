"""Measure the processor time of clients for a request to a server that does nothing.

    python -m bench.client_cost

A client whose package is not installed is left out: `pip install aiohttp httpx` for all.
"""

import argparse
import asyncio
import importlib.util
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from multiprocessing.connection import Connection
from typing import Any, Final

from bench.client import closed_loop

_CONNECTIONS: Final = 16
_BODY: Final = b'{"reviews": ["' + b"word " * 250 + b'"]}'
_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b" " * 200


class DoNothing(asyncio.Protocol):
    """Answers each request with the same bytes, without reading it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer at the end of the body, which is the end of a request."""
        if data.endswith(b"]}") and isinstance(self._transport, asyncio.Transport):
            self._transport.write(_ANSWER)


def main() -> None:
    """Print microseconds a request for each client."""
    parser = argparse.ArgumentParser(prog="python -m bench.client_cost")
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    port: int = ours.recv()
    for name, run in CLIENTS.items():
        if name == "this" or importlib.util.find_spec(name):
            start = time.process_time()
            num_requests = asyncio.run(run(port, options.seconds))
            microseconds = 1e6 * (time.process_time() - start) / num_requests
            print(f"{name:<8} {microseconds:6.0f} µs of processor time a request")
    server.terminate()
    server.join()


def _serve(pipe: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(DoNothing, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


async def _this(port: int, seconds: float) -> int:
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(_BODY)}\r\n\r\n"
    request = head.encode() + _BODY
    return len(
        await closed_loop(("127.0.0.1", port), [request], num_connections=_CONNECTIONS, seconds=seconds)
    )


async def _aiohttp(port: int, seconds: float) -> int:
    import aiohttp  # noqa: PLC0415  # may be missing

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask() -> None:
            async with session.post(f"http://127.0.0.1:{port}/predict", data=_BODY) as answer:
                await answer.read()

        return await _repeat(ask, seconds)


async def _httpx(port: int, seconds: float) -> int:
    import httpx  # noqa: PLC0415  # may be missing

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None)) as session:

        async def ask() -> None:
            await session.post(f"http://127.0.0.1:{port}/predict", content=_BODY)

        return await _repeat(ask, seconds)


async def _repeat(ask: Callable[[], Awaitable[None]], seconds: float) -> int:
    end = time.monotonic() + seconds

    async def client() -> int:
        num_requests = 0
        while time.monotonic() < end:
            await ask()
            num_requests += 1
        return num_requests

    return sum(await asyncio.gather(*[client() for _ in range(_CONNECTIONS)]))


CLIENTS: Final[Mapping[str, Callable[[int, float], Coroutine[Any, Any, int]]]] = {
    "this": _this,
    "aiohttp": _aiohttp,
    "httpx": _httpx,
}

if __name__ == "__main__":
    main()
