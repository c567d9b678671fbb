"""Start and stop of the carrier process."""

import asyncio
import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from kaibo.sandbox.carrier.app import make_app
from kaibo.sandbox.carrier.courier import Courier
from kaibo.sandbox.carrier.parcels import Account, Desk
from kaibo.sandbox.carrier.settings import Settings
from kaibo.sandbox.carrier.store import Store

BACKLOG = 128


class DataDirectoryBusy(RuntimeError):
    """Another carrier process holds this data directory."""


class _Server(uvicorn.Server):
    """Leaves signals to whoever called `serve`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: Settings, *, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. `carrier.json` is written once the port accepts connections.

    Raises DataDirectoryBusy, or OSError when the port is taken.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _hold(settings.data_dir / "lock"), _listen(settings) as listener:
        # Whoever waits for this file must not find the address of an earlier run in it.
        (settings.data_dir / "carrier.json").unlink(missing_ok=True)
        store = Store(settings.data_dir / "carrier.sqlite3")
        desk = Desk(settings, _account(settings.data_dir), store)
        config = uvicorn.Config(
            make_app(desk),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        server = _Server(config)
        _write_carrier_file(settings, desk.account, listener.getsockname()[1])
        courier = asyncio.create_task(Courier(desk).run(stop))
        courier.add_done_callback(lambda _: stop.set())
        web = asyncio.create_task(server.serve(sockets=[listener]))
        web.add_done_callback(lambda _: stop.set())
        try:
            await stop.wait()
        finally:
            server.should_exit = True
            desk.wake.set()
            await asyncio.gather(courier, web)
            store.close()


def _account(data_dir: Path) -> Account:
    path = data_dir / "account.json"
    if not path.exists():
        made = {"key": secrets.token_hex(8), "customer": secrets.token_hex(16).upper(), "salt": secrets.token_hex(16)}
        _write_private(path, json.dumps(made).encode())
    token = data_dir / "admin-token"
    if not token.exists():
        _write_private(token, secrets.token_urlsafe(32).encode())
    kept = json.loads(path.read_text())
    return Account(kept["key"], kept["customer"], token.read_text().strip())


def _write_carrier_file(settings: Settings, account: Account, port: int) -> None:
    """`carrier.json`: what the merchant's system needs to know. The salt is the subscriber's own choice; one is offered."""
    salt = json.loads((settings.data_dir / "account.json").read_text())["salt"]
    document = {
        "provider": "kuaidi100",
        "key": account.key,
        "customer": account.customer,
        "salt": salt,
        "base_url": f"http://{_reachable(settings.host)}:{port}",
    }
    _write_private(settings.data_dir / "carrier.json", json.dumps(document, indent=2).encode() + b"\n")


def _write_private(path: Path, content: bytes) -> None:
    """Write with mode 0600 and swap into place, so that a reader or a crash never meets half a file."""
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def _hold(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataDirectoryBusy(
                f"{path.parent} is in use by another carrier sandbox; stop that one first"
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
