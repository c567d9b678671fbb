"""Start and stop of the process that plays payment providers: one port, told apart by their paths."""

import asyncio
import fcntl
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from kaibo.sandbox.courier import Courier, Sender
from kaibo.sandbox.settings import Settings

BACKLOG = 256
Name = Literal["wechatpay", "alipay", "stripe"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider, ready to be played. `prefixes` are the paths that are its own; the file tells a merchant's system where."""

    app: ASGIApp
    prefixes: tuple[str, ...]
    sender: Sender
    write_file: Callable[[], None]


class DataDirectoryBusy(RuntimeError):
    """Another sandbox process holds this data directory."""


class _Server(uvicorn.Server):
    """Leaves signals to whoever called `serve`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _openers() -> Mapping[Name, Callable[[Settings, str], Provider]]:
    from kaibo.sandbox import alipay, stripe, wechatpay  # here, because they import this module's neighbours

    return {"wechatpay": wechatpay.open_provider, "alipay": alipay.open_provider, "stripe": stripe.open_provider}


async def serve(settings: Settings, names: Sequence[Name], *, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Each provider's file is written once the port accepts connections.

    Raises DataDirectoryBusy, or OSError when the port is taken. If a courier dies the process stops with its error: one that takes
    money and no longer says so would look healthy.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _hold(settings.data_dir / "lock"), _listen(settings) as listener, ExitStack() as stores:
        base_url = f"http://{_reachable(settings.host)}:{listener.getsockname()[1]}"
        openers = _openers()
        providers = [openers[name](settings, base_url) for name in names]
        for provider in providers:
            stores.callback(provider.sender.store.close)
            provider.write_file()
        config = uvicorn.Config(
            _by_path(providers),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        server = _Server(config)
        tasks = [asyncio.create_task(Courier(provider.sender).run(stop)) for provider in providers]
        tasks.append(asyncio.create_task(server.serve(sockets=[listener])))
        for task in tasks:
            task.add_done_callback(lambda _: stop.set())
        try:
            await stop.wait()
        finally:
            server.should_exit = True
            for provider in providers:
                provider.sender.wake.set()
            await asyncio.gather(*tasks)


def _by_path(providers: Sequence[Provider]) -> ASGIApp:
    """What no provider claims goes to the first one, which says that there is no such thing."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        chosen = next((one for one in providers if path.startswith(one.prefixes)), providers[0])
        await chosen.app(scope, receive, send)

    return app


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
