"""What WeChat Pay says to the merchant, spoilt where a tester wants it so."""

from typing import Any

from kaibo.sandbox import notices
from kaibo.sandbox.faults import Faults
from kaibo.sandbox.notices import Event
from kaibo.sandbox.wechatpay.platform import Platform

__all__ = ["Event", "enqueue"]


def enqueue(platform: Platform, event: Event, resource: dict[str, Any]) -> None:
    """Call inside a change."""
    faults = notices.faults_of(platform.store, event)
    notices.enqueue(platform.store, event, _spoil(resource, faults), faults)


def _spoil(resource: dict[str, Any], faults: Faults) -> dict[str, Any]:
    spoilt = dict(resource)
    if faults.wrong_mchid is not None:
        spoilt["mchid"] = faults.wrong_mchid
    if faults.wrong_amount_fen is not None:
        key = "refund" if "out_refund_no" in resource else "total"
        spoilt["amount"] = resource["amount"] | {key: faults.wrong_amount_fen, f"payer_{key}": faults.wrong_amount_fen}
    if faults.wrong_currency is not None:
        spoilt["amount"] = spoilt["amount"] | {"currency": faults.wrong_currency}
    return spoilt
