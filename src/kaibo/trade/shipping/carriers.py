"""Carriers that deliver in China, and what their tracking numbers look like.

The shapes are lenient: they catch a phone number or an order number typed into the wrong field and a number of another carrier
with a prefix of its own. They do not promise that the parcel exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kaibo.kernel.i18n import Locale, Named
from kaibo.trade.contracts import BadTrackingNumber, UnknownCarrier

TRACKING_CHARS_MAX = 40


@dataclass(frozen=True)
class Carrier:
    """`pattern` is matched against the number in upper case without blanks; `shape` says the same in words."""

    key: str
    zh: str
    en: str
    pattern: re.Pattern[str]
    shape: str


def _carrier(key: str, zh: str, en: str, pattern: str, shape: str) -> Carrier:
    return Carrier(key, zh, en, re.compile(pattern, re.ASCII), shape)


_ALL = (
    _carrier("sf", "顺丰速运", "SF Express", r"SF\d{12,13}|\d{12}|\d{15}", "SF1234567890123"),
    _carrier("zto", "中通快递", "ZTO Express", r"\d{12,15}|ZT[A-Z]?\d{10,14}", "75312345678901"),
    _carrier("yto", "圆通速递", "YTO Express", r"YT\d{13,15}|[A-Z]\d{11,12}|\d{10,13}|\d{18}", "YT1234567890123"),
    _carrier("sto", "申通快递", "STO Express", r"77\d{11,13}|\d{12,13}|[A-Z]{2}\d{11,13}", "773123456789012"),
    _carrier("yunda", "韵达快递", "Yunda Express", r"\d{13,15}|YD\d{11,15}", "4312345678901"),
    _carrier("jd", "京东快递", "JD Logistics", r"JD[A-Z]{0,2}\d{10,15}(-\d+-\d+-?)?|\d{12,15}", "JD0123456789012"),
    _carrier("ems", "中国邮政 EMS", "EMS China Post", r"[A-Z]{2}\d{9}[A-Z]{2}|\d{13}", "EA123456789CN"),
    _carrier("post", "邮政快递包裹", "China Post Parcel", r"\d{13}|[A-Z]{2}\d{9}[A-Z]{2}|PA\d{11}", "9812345678901"),
    _carrier("jt", "极兔速递", "J&T Express", r"JT\d{13}|\d{12,15}", "JT1234567890123"),
    _carrier("deppon", "德邦快递", "Deppon Express", r"DPK\d{12}|DP\d{10,14}|\d{8,15}", "DPK123456789012"),
    _carrier("best", "百世快运", "Best Freight", r"\d{9,15}|[A-Z]{1,3}\d{10,14}", "55012345678901"),
    _carrier("ane", "安能物流", "Ane Logistics", r"\d{12,15}", "300123456789"),
    _carrier("zjs", "宅急送", "ZJS Express", r"ZJS\d{9,15}|[A-Z]?\d{10,13}", "ZJS012345678901"),
    _carrier(
        "cainiao", "菜鸟速递", "Cainiao Express", r"CN[A-Z]{0,3}\d{9,15}|LP\d{14,18}|\d{12,15}", "CN0123456789012"
    ),
    _carrier("fengwang", "丰网速运", "Fengwang Express", r"FW\d{10,14}|\d{12,15}", "FW0123456789012"),
    _carrier("kye", "跨越速运", "KYE Express", r"KY[A-Z]?\d{9,14}|\d{10,14}", "KY4000123456789"),
    _carrier("yimi", "壹米滴答", "Yimidida", r"\d{12,15}|YM\d{10,13}", "100123456789"),
)
CARRIERS: dict[str, Carrier] = {carrier.key: carrier for carrier in _ALL}


def check(carrier: str, tracking_number: str) -> str:
    """The tracking number as it is stored. Raises UnknownCarrier, BadTrackingNumber."""
    known = CARRIERS.get(carrier)
    if known is None:
        raise UnknownCarrier(carrier=carrier)
    number = "".join(tracking_number.split()).upper()
    if not known.pattern.fullmatch(number):
        called = Named(known.zh, known.en)
        raise BadTrackingNumber(
            carrier=carrier, carrier_name=called, tracking_number=tracking_number, shape=known.shape
        )
    return number


def name(carrier: str, locale: Locale = "zh") -> str:
    known = CARRIERS.get(carrier)
    return carrier if known is None else getattr(known, locale)
