"""Requests and responses about samples."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kaibo.goods.affiliate.samples import rules
from kaibo.goods.contracts.samples import SampleState, SampleStep
from kaibo.goods.wire import ProductCardWire
from kaibo.kernel.web import Id, Instant, Wire
from kaibo.kernel.web.wire import Text

Parcel = Annotated[Text, StringConstraints(max_length=60)]


class SampleOfferBody(Wire):
    """`return_days` null: the creator keeps it."""

    sku_id: Id
    monthly_max: Annotated[int, Field(strict=True, ge=1, le=rules.MONTHLY_PER_PRODUCT_MAX)]
    return_days: Annotated[int, Field(strict=True, ge=1, le=rules.RETURN_DAYS_MAX)] | None = None
    note: Annotated[Text, StringConstraints(max_length=rules.NOTE_CHARS_MAX)] = ""


class SampleOfferWire(Wire):
    product: ProductCardWire
    sku_id: Id
    sku_name: str
    monthly_max: int
    return_days: int | None
    note: str


class SampleOffers(Wire):
    items: list[SampleOfferWire]


class SampleTerms(Wire):
    """What a creator is told before they ask."""

    monthly_max: int
    return_days: int | None
    note: str


class SampleBody(Wire):
    product_id: Id
    address_id: Id
    message: Annotated[Text, StringConstraints(max_length=rules.MESSAGE_CHARS_MAX)] = ""


class ShopStepBody(Wire):
    """`refuse` needs a reason; `ship` a carrier and a tracking number."""

    step: Literal["approve", "refuse", "ship", "take_back", "let_keep"]
    reason: Annotated[Text, StringConstraints(max_length=rules.REASON_CHARS_MAX)] = ""
    carrier: Parcel = ""
    tracking_number: Parcel = ""


class CreatorStepBody(Wire):
    """`send_back` needs a carrier and a tracking number."""

    step: Literal["withdraw", "receive", "send_back"]
    carrier: Parcel = ""
    tracking_number: Parcel = ""


class SampleEntryWire(Wire):
    step: str
    state: SampleState
    actor: rules.Actor
    said: str
    at: Instant


class SampleAddress(Wire):
    name: str
    phone: str
    province: str
    city: str
    district: str
    detail: str


class SampleWire(Wire):
    """`address` is shown to the shop from approval until the sample is closed. `steps` are the viewer's."""

    id: Id
    product: ProductCardWire
    sku_name: str
    shop_name: str
    creator_id: Id
    creator_name: str
    state: SampleState
    steps: list[SampleStep]
    overdue: bool
    message: str
    address: SampleAddress | None
    return_days: int | None
    reason: str | None
    carrier: str | None
    tracking_number: str | None
    return_carrier: str | None
    return_tracking_number: str | None
    asked_at: Instant
    due_at: Instant | None
    history: list[SampleEntryWire]
