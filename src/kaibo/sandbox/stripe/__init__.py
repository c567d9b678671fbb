"""A payment gateway shaped like Stripe (Checkout, refunds, balance, webhooks), for demos and tests. No money moves.

    python -m kaibo.sandbox.stripe --port 9472 --data-dir var/pay

Inside `data-dir/stripe`: `stripe.json` (what a merchant's system reads), `admin-token` (bearer token of the `/stripe/sandbox`
routes) and `stripe.sqlite3` with everything acknowledged so far. Only their owner can read them.
"""

from kaibo.sandbox.files import admin_token
from kaibo.sandbox.serving import Provider
from kaibo.sandbox.settings import Settings
from kaibo.sandbox.store import CALLBACKS, Store
from kaibo.sandbox.stripe.app import make_app
from kaibo.sandbox.stripe.keys import load_or_make, write_merchant_file
from kaibo.sandbox.stripe.sender import StripeSender
from kaibo.sandbox.stripe.sessions import SCHEMA, Stripe

PREFIXES = ("/v1/", "/stripe/")


def open_provider(settings: Settings, base_url: str) -> Provider:
    directory = settings.data_dir / "stripe"
    directory.mkdir(exist_ok=True, mode=0o700)
    # Whoever waits for this file must not find the address of an earlier run in it.
    (directory / "stripe.json").unlink(missing_ok=True)
    keys = load_or_make(directory)
    public_url = (settings.public_url or base_url).rstrip("/")
    store = Store(directory / "stripe.sqlite3", CALLBACKS + SCHEMA)
    with store.change():
        for url in settings.webhook_urls:
            store.run("INSERT OR IGNORE INTO endpoints VALUES (?)", url)
    desk = Stripe(settings, store, admin_token(directory), public_url, base_url, keys=keys)
    return Provider(
        make_app(desk), PREFIXES, StripeSender(desk), lambda: write_merchant_file(directory, keys, base_url)
    )
