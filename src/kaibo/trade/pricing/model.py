"""The values of pricing. Named tuples, because the plainest order is priced ten thousand times a second."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple
from uuid import UUID

from kaibo.goods.contracts import PriceKind, QuotedLine
from kaibo.people.contracts import ShopId

Kind = Literal[
    "list",
    "window",
    "group",
    "presale",
    "shop_coupon",
    "platform_coupon",
    "state_subsidy",
    "points",
    "freight",
    "free_freight",
    "freight_coupon",
]
Funder = Literal["merchant", "platform"]
Benefit = Literal["off", "percent", "freight"]
"""`off` takes `off_fen`, `percent` takes `percent_bps` of the amount, `freight` takes up to `off_fen` of the freight."""
Scope = Literal["all", "products", "categories", "shops"]
WhyNot = Literal[
    "no_line_fits", "price_excluded", "below_threshold", "same_group", "nothing_left", "no_freight", "not_chosen"
]

NO_FACTS: Mapping[str, Any] = MappingProxyType({})


class Voucher(NamedTuple):
    """A coupon as the pipeline sees it. `id` is the buyer's claim of it; a merchant's one names its shop.

    `each_full` takes `off_fen` for every full `threshold_fen` (每满减) instead of once. `cap_fen` limits `percent` and `each_full`.
    Of one `group` of one shop (of the platform) a checkout takes one.
    """

    id: UUID
    coupon_id: UUID
    funder: Funder
    title: str
    benefit: Benefit
    shop_id: ShopId | None = None
    off_fen: int = 0
    percent_bps: int = 0
    cap_fen: int | None = None
    threshold_fen: int = 0
    each_full: bool = False
    scope: Scope = "all"
    scope_ids: frozenset[str] = frozenset()
    group: str = "coupon"
    use_until: datetime | None = None

    @property
    def group_key(self) -> str:
        """A checkout takes one coupon of each."""
        return f"{self.shop_id or 'platform'}:{'freight' if self.benefit == 'freight' else self.group}"


class Subsidy(NamedTuple):
    """A state subsidy that this buyer may still use: `bps` of one piece of a category, at most `cap_fen`."""

    id: UUID
    title: str
    category_keys: frozenset[str]
    bps: int
    cap_fen: int


class Points(NamedTuple):
    """What the buyer's points are to pay, on at most `cap_bps` of what is left to pay for the goods."""

    spend_fen: int
    cap_bps: int


class Offers(NamedTuple):
    """Everything that may lower a checkout, already found to be this buyer's and valid at this time."""

    vouchers: tuple[Voucher, ...] = ()
    subsidies: tuple[Subsidy, ...] = ()
    points: Points | None = None
    free_freight_from_fen: Mapping[ShopId, int] = MappingProxyType({})


NO_OFFERS = Offers()


class Step(NamedTuple):
    """One line of the explanation.

    `lines` are amounts by line of the order: charged for list and freight, taken off for all others; `fen` is their sum.
    `base_fen` is what the step was computed on. A step that was not applied says `why_not` and has zeros.
    """

    kind: Kind
    label: str
    fen: int
    lines: tuple[int, ...]
    base_fen: int = 0
    ref: UUID | None = None
    title: str = ""
    why_not: WhyNot | None = None
    facts: Mapping[str, Any] = NO_FACTS

    def plain(self) -> dict[str, Any]:
        """As stored in `orders.explanation`; members without content are left out."""
        found: dict[str, Any] = {"kind": self.kind, "label": self.label, "fen": self.fen, "lines": list(self.lines)}
        found["base_fen"] = self.base_fen
        if self.ref is not None:
            found["ref"] = str(self.ref)
        if self.title:
            found["title"] = self.title
        if self.why_not is not None:
            found["why_not"] = self.why_not
        if self.facts:
            found["facts"] = dict(self.facts)
        return found


class PricedLine(NamedTuple):
    """`line_fen - discount_fen - platform_discount_fen == paid_fen >= 0`; `freight_paid_fen` is its share of the freight."""

    quoted: QuotedLine
    line_fen: int
    discount_fen: int
    platform_discount_fen: int
    paid_fen: int
    freight_paid_fen: int


class PricedOrder(NamedTuple):
    """One shop's part; every amount is the sum over its lines. `total_fen` is what the buyer pays, at least 1."""

    shop_id: ShopId
    lines: tuple[PricedLine, ...]
    goods_fen: int
    discount_fen: int
    platform_discount_fen: int
    freight_fen: int
    total_fen: int
    explanation: tuple[Step, ...]

    def plain_explanation(self) -> list[dict[str, Any]]:
        return [step.plain() for step in self.explanation]


class Used(NamedTuple):
    """A coupon that lowered the checkout by `fen`: `claim_id` is the buyer's claim, `coupon_id` the coupon itself."""

    claim_id: UUID
    coupon_id: UUID
    fen: int
    group: str = ""


class SubsidyUsed(NamedTuple):
    subsidy_id: UUID
    category_key: str
    shop_id: ShopId
    fen: int


class NotUsed(NamedTuple):
    voucher: Voucher
    why: WhyNot
    facts: Mapping[str, Any]


class Priced(NamedTuple):
    """A checkout: orders in the order in which their shops first appear among the lines."""

    orders: tuple[PricedOrder, ...]
    total_fen: int
    used: tuple[Used, ...] = ()
    not_used: tuple[NotUsed, ...] = ()
    subsidies: tuple[SubsidyUsed, ...] = ()
    points_fen: int = 0


ALL_PRICES: frozenset[PriceKind] = frozenset({"list", "window", "group", "presale"})
