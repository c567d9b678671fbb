"""A payment gateway shaped like WeChat Pay API v3, for demos and tests. No money moves.

    python -m kaibo.sandbox.wechatpay --port 9470 --data-dir var/wechatpay

Inside the data directory: `merchant.json` (what a merchant's system reads), `admin-token` (bearer token of the
`/sandbox` routes), keys and certificates, and `gateway.sqlite3` with everything acknowledged so far. Only their owner
can read them.
"""

from kaibo.sandbox.serving import Provider
from kaibo.sandbox.settings import Settings
from kaibo.sandbox.wechatpay.app import make_app
from kaibo.sandbox.wechatpay.keys import load_or_make, write_merchant_file
from kaibo.sandbox.wechatpay.platform import Platform
from kaibo.sandbox.wechatpay.sender import WechatSender
from kaibo.sandbox.wechatpay.store import Store

PREFIXES = ("/v3/", "/cgi-bin/", "/sandbox/")


def open_provider(settings: Settings, base_url: str) -> Provider:
    file = settings.data_dir / "merchant.json"
    # Whoever waits for this file must not find the address of an earlier run in it.
    file.unlink(missing_ok=True)
    keys = load_or_make(settings.data_dir)
    store = Store(settings.data_dir / "gateway.sqlite3")
    platform = Platform(settings, keys, store, (settings.public_url or base_url).rstrip("/"), base_url)
    return Provider(
        make_app(platform),
        PREFIXES,
        WechatSender(platform),
        lambda: write_merchant_file(settings.data_dir, keys, base_url),
    )
