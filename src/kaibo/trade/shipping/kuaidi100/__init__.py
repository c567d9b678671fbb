"""Kuaidi100 (快递100): the aggregator most Chinese shops ask. https://api.kuaidi100.com/document"""

from kaibo.trade.shipping.kuaidi100.client import Kuaidi100
from kaibo.trade.shipping.kuaidi100.config import CarrierConfigError, read_carrier_file

__all__ = ["CarrierConfigError", "Kuaidi100", "read_carrier_file"]
