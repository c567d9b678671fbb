"""WeChat Pay API v3 as a `kaibo.trade.payment.gateway.Gateway`.

Speaks to the real service and to `kaibo.sandbox.wechatpay` alike: only `MerchantConfig.base_url` and the keys differ.
"""

from kaibo.trade.payment.wechatpay.client import WechatPayGateway
from kaibo.trade.payment.wechatpay.config import MerchantConfig, read_merchant_file

__all__ = ["MerchantConfig", "WechatPayGateway", "read_merchant_file"]
