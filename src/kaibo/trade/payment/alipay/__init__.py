"""Alipay's Open API as a `kaibo.trade.payment.gateway.Gateway`.

Speaks to the real service and to `kaibo.sandbox.alipay` alike: only the address and the keys differ. Why not the official SDK:
docs/adr/0010-alipay-and-stripe.md.
"""

from kaibo.trade.payment.alipay.client import AlipayGateway
from kaibo.trade.payment.alipay.config import AlipayConfig, read_alipay_file

__all__ = ["AlipayConfig", "AlipayGateway", "read_alipay_file"]
