"""Start and stop of the gateway process."""

import asyncio
import fcntl
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from kaibo.sandbox.wechatpay.app import make_app
from kaibo.sandbox.wechatpay.courier import Courier
from kaibo.sandbox.wechatpay.keys import load_or_make, write_merchant_file
from kaibo.sandbox.wechatpay.platform import Platform
from kaibo.sandbox.wechatpay.settings import Settings
from kaibo.sandbox.wechatpay.store import Store

BACKLOG = 256


class DataDirectoryBusy(RuntimeError):
    """Another gateway process holds this data directory."""


class _Server(uvicorn.Server):
    """Leaves signals to whoever called `serve`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: Settings, *, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. `merchant.json` is written once the port accepts connections.

    Raises DataDirectoryBusy, or OSError when the port is taken. If the courier dies the gateway stops with its error:
    one that takes money and no longer says so would look healthy.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _hold(settings.data_dir / "lock"), _listen(settings) as listener:
        # Whoever waits for this file must not find the address of an earlier run in it.
        (settings.data_dir / "merchant.json").unlink(missing_ok=True)
        keys = load_or_make(settings.data_dir)
        port = listener.getsockname()[1]
        base_url = f"http://{_reachable(settings.host)}:{port}"
        store = Store(settings.data_dir / "gateway.sqlite3")
        platform = Platform(settings, keys, store, (settings.public_url or base_url).rstrip("/"))
        config = uvicorn.Config(
            make_app(platform),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        server = _Server(config)
        write_merchant_file(settings.data_dir, keys, base_url)
        courier = asyncio.create_task(Courier(platform).run(stop))
        courier.add_done_callback(lambda _: stop.set())
        web = asyncio.create_task(server.serve(sockets=[listener]))
        web.add_done_callback(lambda _: stop.set())
        try:
            await stop.wait()
        finally:
            server.should_exit = True
            platform.wake.set()
            await asyncio.gather(courier, web)
            store.close()


@contextmanager
def _hold(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataDirectoryBusy(
                f"{path.parent} is in use by another payment sandbox; stop that one first"
            ) from None
        yield


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Naming TCP makes asyncio set TCP_NODELAY on what it accepts; without it every answer waits 40 ms for a delayed ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _reachable(host: str) -> str:
    """The address by which a process on this machine reaches a listener on `host`."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"[{host}]" if ":" in host else host
