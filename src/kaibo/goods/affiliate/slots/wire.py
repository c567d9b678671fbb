"""Requests and responses about slot contracts."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from kaibo.goods.affiliate.slots import rules
from kaibo.goods.contracts.slots import SlotState
from kaibo.goods.wire import ProductCardWire
from kaibo.kernel.web import Id, Instant, PositiveFen, Wire
from kaibo.kernel.web.wire import Text


class SlotBody(Wire):
    """Exactly one of `phone` and `creator_id`. A minimum of 0 promises nothing."""

    phone: Annotated[Text, StringConstraints(min_length=1, max_length=24)] | None = None
    creator_id: Id | None = None
    title: Annotated[Text, StringConstraints(min_length=1, max_length=rules.TITLE_CHARS_MAX)]
    fee_fen: Annotated[int, Field(strict=True, ge=1, le=rules.FEE_FEN_MAX)]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    pitch_minutes_min: Annotated[int, Field(strict=True, ge=0, le=rules.PITCH_MINUTES_MAX)] = 0
    gmv_fen_min: PositiveFen = 0
    product_ids: Annotated[list[Id], Field(min_length=1, max_length=rules.ITEMS_MAX)]


class SlotAnswer(Wire):
    sign: Annotated[bool, Field(strict=True)]


class SlotWire(Wire):
    """`terms_sha256` is of what both signed. `earned_fen` of the fee is the creator's, the rest was released."""

    id: Id
    shop_id: Id
    shop_name: str
    creator_id: Id
    creator_name: str
    title: str
    fee_fen: int
    starts_at: Instant
    ends_at: Instant
    pitch_minutes_min: int
    gmv_fen_min: int
    terms_sha256: str
    state: SlotState
    shop_signed_by: str
    shop_signed_at: Instant
    creator_signed_at: Instant | None
    may_cancel: bool
    pitch_seconds: int | None
    gmv_fen: int | None
    earned_fen: int | None
    settled_at: Instant | None
    products: list[ProductCardWire]
