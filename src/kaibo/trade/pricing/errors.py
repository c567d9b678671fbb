"""What pricing refuses."""

from __future__ import annotations

from kaibo.kernel.errors import Conflict, Invalid, NotFound, refusal


@refusal
class CouponMissing(NotFound):
    code = "trade.coupon_missing"
    coupon_id: str


@refusal
class CouponInvalid(Invalid):
    """The terms contradict themselves; `what` lists every fault."""

    code = "trade.coupon_invalid"
    what: list[str]


@refusal
class CouponNotClaimable(Conflict):
    """`why`: scheduled, gone, ended, stopped, limit (this buyer has as many as allowed), audience (not meant for this buyer),
    not_following (meant for followers of a room that sells the shop's goods).
    """

    code = "trade.coupon_not_claimable"
    coupon_id: str
    title: str
    why: list[str]


@refusal
class CouponUnusable(Conflict):
    """A coupon the buyer named cannot be used for what they buy; `why` has one item. `lack_fen` is 0 where no amount lacks."""

    code = "trade.coupon_unusable"
    coupon_id: str
    title: str
    why: list[str]
    lack_fen: int


@refusal
class CouponShrunk(Invalid):
    """Pieces and budget of a coupon may only grow: buyers have seen the promise."""

    code = "trade.coupon_shrunk"
    what: list[str]
