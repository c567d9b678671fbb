"""What every sandbox process does to start and stop: one data directory, one port, one task that delivers."""

import asyncio
import fcntl
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

BACKLOG = 256


class DataDirectoryBusy(RuntimeError):
    """Another sandbox process holds this data directory."""


class _Server(uvicorn.Server):
    """Leaves signals to whoever set `stop`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def hold(data_dir: Path, who: str) -> Iterator[None]:
    """Make the directory and keep it for this process. Raises DataDirectoryBusy, naming `who` plays there."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataDirectoryBusy(f"{data_dir} is in use by another {who} sandbox; stop that one first") from None
        yield


def listen(host: str, port: int) -> socket.socket:
    """Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Naming TCP makes asyncio set TCP_NODELAY on what it accepts; without it every answer waits 40 ms for a delayed ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket, host: str) -> str:
    """The address by which a process on this machine reaches what listens on `host`."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


async def run_until(
    stop: asyncio.Event,
    app: ASGIApp,
    listener: socket.socket,
    couriers: Sequence[Coroutine[Any, Any, None]],
    wake: Callable[[], None],
) -> None:
    """Serve and deliver until `stop` is set; `wake` ends the couriers' naps so that they see it.

    If a courier dies the process stops with its error: one that takes requests and no longer tells of them would look healthy.
    """
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3
    )
    server = _Server(config)
    tasks = [asyncio.create_task(one) for one in (*couriers, server.serve(sockets=[listener]))]
    for task in tasks:
        task.add_done_callback(lambda _: stop.set())
    try:
        await stop.wait()
    finally:
        server.should_exit = True
        wake()
        await asyncio.gather(*tasks)
