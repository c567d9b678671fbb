"""A payment gateway shaped like WeChat Pay API v3, for demos and tests. No money moves.

    python -m kaibo.sandbox.wechatpay --port 9470 --data-dir var/wechatpay

Inside the data directory: `merchant.json` (what a merchant's system reads), `admin-token` (bearer token of the
`/sandbox` routes), keys and certificates, and `gateway.sqlite3` with everything acknowledged so far. Only their owner
can read them.
"""

from kaibo.sandbox.wechatpay.serving import serve
from kaibo.sandbox.wechatpay.settings import Settings

__all__ = ["Settings", "serve"]
