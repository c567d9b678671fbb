"""A payment gateway shaped like Alipay's Open API, for demos and tests. No money moves.

    python -m kaibo.sandbox.alipay --port 9471 --data-dir var/pay

Inside `data-dir/alipay`: `alipay.json` (what a merchant's system reads), `admin-token` (bearer token of the `/alipay/sandbox`
routes), both sides' keys, and `alipay.sqlite3` with everything acknowledged so far. Only their owner can read them.
"""

from kaibo.sandbox.alipay.app import make_app
from kaibo.sandbox.alipay.keys import load_or_make, write_merchant_file
from kaibo.sandbox.alipay.sender import AlipaySender
from kaibo.sandbox.alipay.trades import SCHEMA, Alipay
from kaibo.sandbox.files import admin_token
from kaibo.sandbox.serving import Provider
from kaibo.sandbox.settings import Settings
from kaibo.sandbox.store import CALLBACKS, Store

PREFIXES = ("/gateway.do", "/alipay/")


def open_provider(settings: Settings, base_url: str) -> Provider:
    directory = settings.data_dir / "alipay"
    directory.mkdir(exist_ok=True, mode=0o700)
    # Whoever waits for this file must not find the address of an earlier run in it.
    (directory / "alipay.json").unlink(missing_ok=True)
    keys = load_or_make(directory)
    public_url = (settings.public_url or base_url).rstrip("/")
    store = Store(directory / "alipay.sqlite3", CALLBACKS + SCHEMA)
    desk = Alipay(settings, store, admin_token(directory), public_url, base_url, keys=keys)
    return Provider(
        make_app(desk),
        PREFIXES,
        AlipaySender(desk),
        lambda: write_merchant_file(directory, keys, f"{public_url}/gateway.do"),
    )
