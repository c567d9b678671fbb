"""The ways to pay, and whose they are. A provider has one name everywhere: file, path, ledger, statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

Provider = Literal["wechatpay", "alipay", "stripe"]
Method = Literal["wechat_h5", "alipay_wap", "alipay_page", "stripe_checkout"]

PROVIDERS: tuple[Provider, ...] = ("wechatpay", "alipay", "stripe")
PROVIDER_OF: Mapping[Method, Provider] = {
    "wechat_h5": "wechatpay",
    "alipay_wap": "alipay",
    "alipay_page": "alipay",
    "stripe_checkout": "stripe",
}
CURRENCIES: Mapping[Provider, frozenset[str]] = {
    "wechatpay": frozenset({"CNY"}),
    "alipay": frozenset({"CNY"}),
    "stripe": frozenset({"CNY", "USD", "EUR", "HKD", "GBP"}),
}
"""What each provider charges in; all of these have a hundredth as their smallest unit, as `*_fen` assumes."""


def methods_at(provider: str) -> list[str]:
    """What charges of this provider are called."""
    return [method for method, whose in PROVIDER_OF.items() if whose == provider]


def provider_of(method: str) -> Provider:
    """Raises KeyError for a method that does not exist."""
    found: dict[str, Provider] = {str(name): provider for name, provider in PROVIDER_OF.items()}
    return found[method]


def methods_of(providers: Sequence[Provider], *, wide: bool) -> list[Method]:
    """What a buyer may choose from; on a `wide` screen Alipay has a page of its own."""
    unfit: Method = "alipay_wap" if wide else "alipay_page"
    return [method for method, provider in PROVIDER_OF.items() if provider in providers and method != unfit]
