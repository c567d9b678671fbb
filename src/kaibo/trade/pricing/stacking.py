"""What combines with what, as data: docs/pricing.md prints this table, the pipeline obeys it, the tests walk over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kaibo.goods.contracts import PriceKind
from kaibo.trade.pricing.model import ALL_PRICES, Funder, Kind

Reach = Literal["line", "shop", "checkout"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the pipeline.

    `base`: what thresholds and percentages are computed on. "stage" is what is left when the stage begins, the same for all of
    its coupons, so that their order is irrelevant; "left" is what is left at that moment. `one_a_group`: of one group of one
    funder the checkout takes one. `prices`: lines bought at another kind of price do not take part.
    """

    kind: Kind
    funder: Funder
    reach: Reach
    base: Literal["stage", "left"]
    one_a_group: bool
    order_matters: bool
    prices: frozenset[PriceKind]


_NOT_GROUP = ALL_PRICES - {"group"}

STAGES: tuple[Stage, ...] = (
    # A group price is the merchant's last word: their own coupons do not lower it further.
    Stage("shop_coupon", "merchant", "shop", "stage", True, False, _NOT_GROUP),
    Stage("platform_coupon", "platform", "checkout", "stage", True, False, ALL_PRICES),
    # The state pays for goods at their real price: one piece a category and person, after all coupons.
    Stage("state_subsidy", "platform", "line", "left", True, False, frozenset({"list", "window"})),
    # Points pay for what is in stock now; a deposit and a balance are two payments and points could only return by halves.
    Stage("points", "platform", "checkout", "left", True, False, ALL_PRICES - {"presale"}),
    Stage("free_freight", "merchant", "shop", "left", True, False, ALL_PRICES),
    Stage("freight_coupon", "merchant", "shop", "left", True, False, ALL_PRICES),
)

STAGE = {stage.kind: stage for stage in STAGES}

PRICE_ORDER: tuple[PriceKind, ...] = ("list", "window", "group", "presale")
"""A piece has one kind of price: the one of the purchase (group, presale), else the open window's, else the list price."""

ORDER_FEN_MIN = 1
"""Coupons, subsidies and points leave at least this much of an order's goods to pay: no provider takes 0."""
