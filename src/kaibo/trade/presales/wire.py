"""The JSON of presales."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from kaibo.kernel.money import FEN_MAX
from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.trade.presales import rules
from kaibo.trade.presales.model import Stage, Terms
from kaibo.trade.pricing.wire import CouponIds, StepWire, UnusedWire, UsedWire
from kaibo.trade.wire import Note, SourceIn

Price = Annotated[int, Field(strict=True, ge=1, le=FEN_MAX)]


class PresaleIn(Wire):
    """What a merchant promises, a piece: the deposit takes `counts_as_fen` off `price_fen`, the balance is the rest.

    The deposit is at most a fifth of what a piece really costs (Civil Code art. 586).
    """

    sku_id: Id
    price_fen: Price
    deposit_fen: Price
    counts_as_fen: Price
    deposit_from: AwareDatetime
    deposit_until: AwareDatetime
    balance_from: AwareDatetime
    balance_until: AwareDatetime
    ship_days: Annotated[int, Field(strict=True, ge=1, le=rules.SHIP_DAYS_MAX)]
    pieces_max: Annotated[int, Field(strict=True, ge=1, le=rules.PIECES_MAX)] = 1

    def terms(self) -> Terms:
        return Terms(**dict(self))


class FailIn(Wire):
    """Why the promise cannot be kept; the buyers read it."""

    reason: Annotated[Text, StringConstraints(min_length=2, max_length=rules.REASON_CHARS_MAX)]


class PresaleWire(Wire):
    """A presale as buyers see it. `paid_fen` is what a piece costs in all: deposit and balance."""

    id: Id
    shop_id: Id
    shop_name: str
    product_id: Id
    sku_id: Id
    title: str
    sku_name: str
    picture_url: str | None
    list_price_fen: Fen
    price_fen: Fen
    deposit_fen: Fen
    counts_as_fen: Fen
    balance_fen: Fen
    paid_fen: Fen
    freight_fen: Fen
    deposit_from: Instant
    deposit_until: Instant
    balance_from: Instant
    balance_until: Instant
    ship_days: int
    pieces_max: int
    stock_left: int
    stage: Stage


class Presales(Wire):
    items: list[PresaleWire]


class PresaleFigures(Wire):
    """Orders by where they stand, `pieces` whose deposit was paid, and money in fen."""

    unpaid: int
    reserved: int
    paid: int
    closed: int
    pieces: int
    deposits_fen: Fen
    kept_fen: Fen
    balances_fen: Fen


class OfferedPresale(PresaleWire):
    """The same for its merchant."""

    created_at: Instant
    stopped_at: Instant | None
    failed_at: Instant | None
    failed_why: str | None
    figures: PresaleFigures


class PresaleOrderIn(Wire):
    """`agreed`: the buyer has read that the deposit is not given back where they do not pay the balance."""

    quantity: Annotated[int, Field(strict=True, ge=1, le=rules.PIECES_MAX)]
    address_id: Id
    source: SourceIn
    note: Note | None = None
    agreed: Literal[True]


class BalanceIn(Wire):
    """The coupons to use on the balance; an empty list is none."""

    coupon_ids: CouponIds = Field(default_factory=list)


class BalanceQuoteIn(Wire):
    """Without `coupon_ids` the best choice among the buyer's coupons is made for them."""

    coupon_ids: CouponIds | None = None


class BalanceQuote(Wire):
    """`balance_fen = total_fen - deposit_fen`."""

    deposit_fen: Fen
    balance_fen: Fen
    total_fen: Fen
    steps: list[StepWire]
    coupons_used: list[UsedWire]
    coupons_unused: list[UnusedWire]
