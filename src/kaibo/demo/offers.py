"""What the demo's shops have on besides their shelf: a coupon, a price for some days, a presale, a plan for creators.

One of each kind, made anew where the last one has ended, so that no desk and no page of the demo is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kaibo.demo.person import Person
from kaibo.kernel import clock
from kaibo.kernel.web.wire import rfc3339

CLAIM_DAYS, SALE_DAYS, DEPOSIT_DAYS, BALANCE_DAYS = 30, 3, 5, 2
ENDED = frozenset({"ended", "stopped", "over", "failed"})


@dataclass(frozen=True)
class Offers:
    """`on_sale` and `to_come` are keys of products; money in fen, the plan's commission in basis points."""

    coupon: str
    off_fen: int
    threshold_fen: int
    on_sale: str
    to_come: str
    plan: str
    commission_bps: int


OFFERS = {
    "doors": Offers("满2000减100", 10_000, 200_000, "door-lock-set", "door-walnut-double", "木门样板间推广", 800),
    "tissue": Offers("满50减5", 500, 5_000, "tissue-pocket", "tissue-bamboo", "纸品全店推广", 1_500),
    "garlic": Offers("满60减6", 600, 6_000, "garlic-sauce", "garlic-fresh", "鲜蒜上市推广", 2_000),
}


async def make_offers(key: str, merchant: Person, shop_id: str, product_ids: dict[str, str]) -> int:
    """How many were lacking and have been made. Products that a person has withdrawn get none."""
    offers = OFFERS.get(key)
    if offers is None:
        return 0
    wanted: dict[str, dict[str, Any] | None] = {
        "coupons": _coupon(offers),
        "price-windows": await _sale(merchant, product_ids.get(offers.on_sale)),
        "presales": await _presale(merchant, product_ids.get(offers.to_come)),
        "plans": {"kind": "open", "name": offers.plan},
    }
    made = 0
    for kind, body in wanted.items():
        path = f"/api/shops/{shop_id}/{kind}"
        there = (await merchant.get(path))["items"]
        if body is None or any(_goes_on(one) for one in there):
            continue
        answer = await merchant.post(path, body, key=f"demo-{kind}-{key}-{len(there)}")
        if kind == "plans":
            rates = {"product_ids": list(product_ids.values()), "bps": offers.commission_bps}
            await merchant.post(f"{path}/{answer['plan']['id']}/rates", rates)
        made += 1
    return made


def _goes_on(offer: dict[str, Any]) -> bool:
    return offer.get("state", offer.get("stage")) not in ENDED


def _days(days: float) -> str:
    return rfc3339(clock.now() + timedelta(days=days))


def _coupon(offers: Offers) -> dict[str, Any]:
    return {
        "title": offers.coupon,
        "benefit": "off",
        "off_fen": offers.off_fen,
        "threshold_fen": offers.threshold_fen,
        "pieces_max": 500,
        "claim_from": _days(0),
        "claim_until": _days(CLAIM_DAYS),
        "use_days": 7,
    }


async def _sale(merchant: Person, product_id: str | None) -> dict[str, Any] | None:
    """Every SKU of the product a tenth cheaper. Nothing is struck out: a new shop has no earlier price that would be honest."""
    if product_id is None:
        return None
    skus = (await merchant.get(f"/api/products/{product_id}"))["skus"]
    lines = [{"sku_id": sku["id"], "price_fen": sku["price_fen"] * 9 // 100 * 10} for sku in skus]
    return {"title": "限时价", "lines": lines, "starts_at": _days(0), "ends_at": _days(SALE_DAYS)}


async def _presale(merchant: Person, product_id: str | None) -> dict[str, Any] | None:
    """A tenth now, which counts double; the rest when the deposits are in."""
    if product_id is None:
        return None
    sku = (await merchant.get(f"/api/products/{product_id}"))["skus"][0]
    deposit = sku["price_fen"] // 1_000 * 100
    return {
        "sku_id": sku["id"],
        "price_fen": sku["price_fen"],
        "deposit_fen": deposit,
        "counts_as_fen": 2 * deposit,
        "deposit_from": _days(0),
        "deposit_until": _days(DEPOSIT_DAYS),
        "balance_from": _days(DEPOSIT_DAYS),
        "balance_until": _days(DEPOSIT_DAYS + BALANCE_DAYS),
        "ship_days": 7,
        "pieces_max": 5,
    }
