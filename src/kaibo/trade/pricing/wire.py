"""The JSON of coupons and of a price's explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from kaibo.kernel.i18n import Locale, say
from kaibo.kernel.money import FEN_MAX
from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.trade.pricing.coupons import rules
from kaibo.trade.pricing.coupons.model import Audience, Claim, Coupon, CouponState, Figures, Pocket, Terms
from kaibo.trade.pricing.model import Benefit, Funder, Kind, NotUsed, Priced, Scope

COUPONS_MAX = 20
"""So many coupons may be named for one checkout."""

Amount = Annotated[int, Field(strict=True, ge=0, le=rules.OFF_FEN_MAX)]
Pieces = Annotated[int, Field(strict=True, ge=1, le=rules.PIECES_MAX)]
Budget = Annotated[int, Field(strict=True, ge=1, le=rules.BUDGET_FEN_MAX)]
ScopeId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
CouponIds = Annotated[list[Id], Field(max_length=COUPONS_MAX)]


class CouponIn(Wire):
    """The terms of a coupon. `off_fen` for "off" and "freight", `percent_bps` (1 % = 100) for "percent"; `each_full` takes
    `off_fen` for every full `threshold_fen`. Either `use_from` and `use_until`, or `use_days` after the claim.
    """

    title: Annotated[Text, StringConstraints(min_length=1, max_length=rules.TITLE_CHARS_MAX)]
    benefit: Benefit
    off_fen: Amount = 0
    percent_bps: Annotated[int, Field(strict=True, ge=0, le=9_999)] = 0
    cap_fen: Annotated[int, Field(strict=True, ge=1, le=rules.OFF_FEN_MAX)] | None = None
    threshold_fen: Annotated[int, Field(strict=True, ge=0, le=FEN_MAX)] = 0
    each_full: bool = False
    scope: Scope = "all"
    scope_ids: Annotated[list[ScopeId], Field(max_length=rules.SCOPE_IDS_MAX)] = Field(default_factory=list)
    audience: Audience = "everybody"
    stack_group: Literal["coupon", "member", "campaign"] = "coupon"
    per_buyer_limit: Annotated[int, Field(strict=True, ge=1, le=rules.PER_BUYER_MAX)] = 1
    pieces_max: Pieces
    budget_fen: Budget | None = None
    claim_from: AwareDatetime
    claim_until: AwareDatetime
    use_from: AwareDatetime | None = None
    use_until: AwareDatetime | None = None
    use_days: Annotated[int, Field(strict=True, ge=1, le=rules.USE_DAYS_MAX)] | None = None

    def terms(self) -> Terms:
        return Terms(**dict(self) | {"scope_ids": tuple(dict.fromkeys(self.scope_ids))})


class CouponMore(Wire):
    """More pieces, more budget, or no more claims."""

    pieces_max: Pieces | None = None
    budget_fen: Budget | None = None
    stop: bool = False


class CouponWire(Wire):
    """A coupon as buyers see it. `mine`: how many of it the reader has claimed."""

    id: Id
    funder: Funder
    shop_id: Id | None
    shop_name: str | None
    title: str
    benefit: Benefit
    off_fen: Fen
    percent_bps: int
    cap_fen: Fen | None
    threshold_fen: Fen
    each_full: bool
    scope: Scope
    scope_ids: list[str]
    audience: Audience
    stack_group: str
    per_buyer_limit: int
    claim_from: Instant
    claim_until: Instant
    use_from: Instant | None
    use_until: Instant | None
    use_days: int | None
    pieces_left: int
    state: CouponState
    mine: int


class Coupons(Wire):
    items: list[CouponWire]


class FiguresWire(Wire):
    """`held`: in unpaid orders; `used`: in paid ones, which paid `gmv_paid_fen`; `cost_fen`: what the coupon took off them."""

    claimed: int
    held: int
    used: int
    cost_fen: Fen
    gmv_paid_fen: Fen


class GivenCoupon(CouponWire):
    """A coupon as its giver sees it."""

    pieces_max: int
    budget_fen: Fen | None
    committed_fen: Fen
    created_at: Instant
    stopped_at: Instant | None
    figures: FiguresWire


class MyCoupon(Wire):
    """A claim. `id` is what an order names in `coupon_ids`. `why` says in words why it cannot be used at the moment."""

    id: Id
    coupon: CouponWire
    state: Pocket
    use_from: Instant
    use_until: Instant
    claimed_at: Instant
    why_code: str | None
    why: str | None


class StepWire(Wire):
    """One line of the breakdown over all orders of the checkout: charged for list and freight, taken off otherwise."""

    kind: Kind
    label: str
    title: str
    fen: Fen


class UsedWire(Wire):
    """`group`: of coupons with the same one a checkout takes one."""

    id: Id
    title: str
    group: str
    fen: Fen


class UnusedWire(Wire):
    """A coupon of the buyer's that is not used here. `lack_fen`: what is missing to its threshold."""

    id: Id
    title: str
    group: str
    why_code: str
    why: str
    lack_fen: Fen


class OrderPrice(Wire):
    """What one shop's order comes to."""

    shop_id: Id
    shop_name: str
    goods_fen: Fen
    discount_fen: Fen
    platform_discount_fen: Fen
    freight_fen: Fen
    total_fen: Fen


def coupon_wire(coupon: Coupon, state: CouponState, *, shop_name: str | None, mine: int) -> CouponWire:
    return CouponWire(**_facts(coupon, state), shop_name=shop_name, mine=mine)


def _facts(coupon: Coupon, state: CouponState) -> dict[str, object]:
    own = {"pieces_max", "budget_fen"}
    terms = {name: value for name, value in vars(coupon.terms).items() if name not in own}
    left = coupon.terms.pieces_max - coupon.claimed
    about = {"id": coupon.id, "funder": coupon.funder, "shop_id": coupon.shop_id, "state": state, "pieces_left": left}
    return terms | about | {"scope_ids": list(coupon.terms.scope_ids)}


def given_wire(coupon: Coupon, state: CouponState, figures: Figures, shop_name: str | None) -> GivenCoupon:
    return GivenCoupon.model_validate(
        _facts(coupon, state)
        | {
            "shop_name": shop_name,
            "mine": 0,
            "pieces_max": coupon.terms.pieces_max,
            "budget_fen": coupon.terms.budget_fen,
            "committed_fen": coupon.committed_fen,
            "created_at": coupon.created_at,
            "stopped_at": coupon.stopped_at,
            "figures": FiguresWire(claimed=coupon.claimed, **vars(figures)),
        }
    )


def claim_wire(claim: Claim, shown: CouponWire, state: Pocket, why: str | None, locale: Locale) -> MyCoupon:
    return MyCoupon(
        id=claim.id,
        coupon=shown,
        state=state,
        use_from=claim.use_from,
        use_until=claim.use_until,
        claimed_at=claim.claimed_at,
        why_code=why,
        why=None if why is None else say(f"trade.coupon_unusable.{why}", locale, {}),
    )


def steps_of(priced: Priced, locale: Locale) -> list[StepWire]:
    """The applied steps, those of several orders added up: a platform's coupon is one line.

    What a price window takes off stands in the first line already: the ordinary price beside it would be a compared price, and
    those are lawful only as struck prices (docs/pricing.md).
    """
    found: dict[tuple[object, ...], StepWire] = {}
    for order in priced.orders:
        for step in order.explanation:
            if step.why_not is not None or (step.fen == 0 and step.kind != "freight"):
                continue
            key = (step.kind, step.ref, step.title) if step.title else (step.kind,)
            before, fen = found.get(key), step.fen
            if step.kind == "window":
                before, fen = found["list",], -step.fen
                key = ("list",)
            if before is None:
                before = StepWire(kind=step.kind, label=say(step.label, locale, {}), title=step.title, fen=0)
            found[key] = before.model_copy(update={"fen": before.fen + fen})
    return list(found.values())


def stored_steps(explanation: Sequence[Mapping[str, Any]], locale: Locale) -> list[StepWire]:
    """The applied steps of an order's stored explanation, windows as in steps_of."""
    windows_fen = sum(step["fen"] for step in explanation if step["kind"] == "window")
    return [
        StepWire(
            kind=step["kind"],
            label=say(step["label"], locale, {}),
            title=step.get("title", ""),
            fen=step["fen"] - (windows_fen if step["kind"] == "list" else 0),
        )
        for step in explanation
        if "why_not" not in step and step["kind"] != "window" and (step["fen"] or step["kind"] == "freight")
    ]


def used_of(priced: Priced) -> list[UsedWire]:
    titles = {step.ref: step.title for order in priced.orders for step in order.explanation if step.ref}
    return [UsedWire(id=one.claim_id, title=titles[one.claim_id], group=one.group, fen=one.fen) for one in priced.used]


def unused_wire(one: NotUsed, locale: Locale) -> UnusedWire:
    why = say(f"trade.coupon_unusable.{one.why}", locale, {})
    lack = int(one.facts.get("lack_fen", 0))
    voucher = one.voucher
    return UnusedWire(
        id=voucher.id, title=voucher.title, group=voucher.group_key, why_code=one.why, why=why, lack_fen=lack
    )
