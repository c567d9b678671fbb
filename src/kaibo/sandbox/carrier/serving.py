"""Start and stop of the carrier process."""

import asyncio
import json
import secrets
from contextlib import closing
from pathlib import Path

from kaibo.sandbox import process
from kaibo.sandbox.carrier.app import make_app
from kaibo.sandbox.carrier.courier import Courier
from kaibo.sandbox.carrier.parcels import SCHEMA, Account, Desk
from kaibo.sandbox.carrier.settings import Settings
from kaibo.sandbox.files import admin_token, write_private
from kaibo.sandbox.store import Store


async def serve(settings: Settings, *, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. `carrier.json` is written once the port accepts connections.

    Raises DataDirectoryBusy, or OSError when the port is taken.
    """
    with (
        process.hold(settings.data_dir, "carrier"),
        process.listen(settings.host, settings.port) as listener,
    ):
        # Whoever waits for this file must not find the address of an earlier run in it.
        (settings.data_dir / "carrier.json").unlink(missing_ok=True)
        account = _account(settings.data_dir)
        with closing(Store(settings.data_dir / "carrier.sqlite3", SCHEMA)) as store:
            desk = Desk(settings, account, admin_token(settings.data_dir), store)
            _write_carrier_file(settings.data_dir, account, process.url_of(listener, settings.host))
            await process.run_until(stop, make_app(desk), listener, [Courier(desk).run(stop)], desk.wake.set)


def _account(data_dir: Path) -> Account:
    path = data_dir / "account.json"
    if not path.exists():
        made = {"key": secrets.token_hex(8), "customer": secrets.token_hex(16).upper(), "salt": secrets.token_hex(16)}
        write_private(path, json.dumps(made).encode())
    return Account(**json.loads(path.read_text()))


def _write_carrier_file(data_dir: Path, account: Account, base_url: str) -> None:
    """`carrier.json`: what the merchant's system needs to know."""
    document = {
        "provider": "kuaidi100",
        "key": account.key,
        "customer": account.customer,
        "salt": account.salt,
        "base_url": base_url,
    }
    write_private(data_dir / "carrier.json", json.dumps(document, indent=2).encode() + b"\n")
