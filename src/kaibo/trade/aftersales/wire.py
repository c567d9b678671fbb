"""The JSON of after-sales. Requests refuse unknown members and everything out of range, naming the member."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.model import Actor, CaseKind, CaseState, Fault, FreightPayer, Outcome, Side
from kaibo.trade.orders import rules as order_rules
from kaibo.trade.shipping.carriers import TRACKING_CHARS_MAX

Said = Annotated[Text, StringConstraints(max_length=rules.SAID_CHARS_MAX)]
NeededSaid = Annotated[Text, StringConstraints(min_length=2, max_length=rules.SAID_CHARS_MAX)]
Key = Annotated[Text, StringConstraints(min_length=1, max_length=40)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=order_rules.QUANTITY_MAX)]
Pieces = Annotated[int, Field(strict=True, ge=0, le=order_rules.QUANTITY_MAX)]
Amount = Annotated[int, Field(strict=True, ge=0, le=order_rules.TOTAL_FEN_MAX)]
Pictures = Annotated[list[Id], Field(max_length=rules.PICTURES_MAX)]
TrackingNumber = Annotated[Text, StringConstraints(min_length=1, max_length=TRACKING_CHARS_MAX)]


class WishLineIn(Wire):
    """`exchange_sku_id`: another SKU of the same product, for an exchange."""

    line_id: Id
    quantity: Quantity
    exchange_sku_id: Id | None = None


class WishIn(Wire):
    order_id: Id
    kind: CaseKind
    reason: Key
    lines: Annotated[list[WishLineIn], Field(min_length=1, max_length=order_rules.LINES_MAX)]
    fen: Annotated[int, Field(strict=True, ge=1, le=order_rules.TOTAL_FEN_MAX)] | None = None


class OpenIn(WishIn):
    """`fen`: for a refund without return, where the buyer asks for less than the lines give back."""

    said: Said = ""
    picture_ids: Pictures = Field(default_factory=list)


class SaidIn(Wire):
    said: Said = ""


class EscalateIn(Wire):
    said: NeededSaid


class CaseParcelIn(Wire):
    carrier: Key
    tracking_number: TrackingNumber


class SendBackIn(CaseParcelIn):
    """`freight_fen`: what the way back cost the buyer."""

    freight_fen: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 0


class EvidenceIn(Wire):
    note: Said = ""
    picture_ids: Pictures = Field(default_factory=list)


class CaseRefuseIn(Wire):
    """`reason`: a key of trade.refusal."""

    reason: Key
    said: NeededSaid


class RestockIn(Wire):
    line_id: Id
    quantity: Pieces


class AcceptIn(Wire):
    """`restock`: what can be sold again; lines that are left out cannot."""

    restock: Annotated[list[RestockIn], Field(max_length=order_rules.LINES_MAX)] = Field(default_factory=list)
    said: Said = ""


class DecideIn(Wire):
    """`fen` null: the whole amount. `goods_back`: the buyer sends the goods first."""

    outcome: Literal["refund", "partial", "refuse", "compensate"]
    rule: Key
    said: NeededSaid
    fault: Literal["merchant", "buyer", "none"]
    fen: Amount | None = None
    extra_fen: Amount = 0
    goods_back: bool = False


class ReturnAddressWire(Wire):
    name: Annotated[Text, StringConstraints(min_length=1, max_length=40)]
    phone: Annotated[Text, StringConstraints(max_length=20)]
    province: Annotated[Text, StringConstraints(max_length=20)]
    city: Annotated[Text, StringConstraints(max_length=30)]
    district: Annotated[Text, StringConstraints(max_length=30)]
    detail: Annotated[Text, StringConstraints(min_length=1, max_length=120)]


class ShopTermsIn(Wire):
    return_to: ReturnAddressWire | None = None
    cover_premium_fen: Annotated[int, Field(strict=True, ge=0, le=1_000)]
    cover_limit_fen: Annotated[int, Field(strict=True, ge=0, le=10_000)]
    price_protection_days: Annotated[int, Field(strict=True, ge=0, le=rulebook.PRICE_PROTECTION_DAYS_MAX)]


class ShopTermsWire(ShopTermsIn):
    """Premium and limit 0: no freight cover. Days 0: no price protection."""


class PaidIn(Wire):
    reference: Annotated[Text, StringConstraints(min_length=4, max_length=80)]


# --- answers


class RuleWire(Wire):
    """A rule behind a decision; `status` V: read in the law's text, S: from a secondary source, P: the platform's own."""

    id: str
    words: str
    source: str
    status: Literal["V", "S", "P"]


class ReasonWire(Wire):
    key: str
    words: str
    picture: bool
    fault: Fault


class KindOption(Wire):
    """A kind that can be had now, or why not (`refused`)."""

    kind: CaseKind
    offered: bool
    refused: str | None
    reasons: list[ReasonWire]


class LineOption(Wire):
    line_id: Id
    title: str
    sku_name: str
    picture_url: str | None
    product_id: Id
    sku_id: Id
    quantity: int
    left: int
    paid_fen: Fen
    left_fen: Fen


class Options(Wire):
    order_id: Id
    order_number: str
    shipped: bool
    lines: list[LineOption]
    kinds: list[KindOption]
    seven_days_until: Instant | None
    cover_limit_fen: Fen
    open_case_ids: list[Id]


class AmountStepWire(Wire):
    fen: Fen
    words: str


class EstimateWire(Wire):
    """What the wish would give back; `at_once`: granted without asking the merchant."""

    refund_fen: Fen
    full: bool
    steps: list[AmountStepWire]
    at_once: RuleWire | None


class CaseLineWire(Wire):
    line_id: Id
    title: str
    sku_name: str
    picture_url: str | None
    quantity: int
    fen: Fen
    freight_fen: Fen
    exchange_sku_name: str | None


class CaseStepWire(Wire):
    at: Instant
    state: CaseState
    actor: Actor
    why: str
    said: str | None
    rule: RuleWire | None


class EvidenceWire(Wire):
    id: Id
    side: Side
    at: Instant
    note: str
    picture_url: str | None
    thumbnail_url: str | None


class ReplayEvidence(Wire):
    """The pitch replay of the item at the minute of the order."""

    title: str
    url: str
    start_ms: int
    end_ms: int
    pitched_at: Instant


class CaseParcelWire(Wire):
    carrier: str
    carrier_name: str
    tracking_number: str
    at: Instant


class ProgressWire(Wire):
    """A step of the progress line: done, the one it stands at, or still to come."""

    key: str
    words: str
    state: Literal["done", "now", "next", "bad"]
    at: Instant | None


class CaseWire(Wire):
    id: Id
    number: str
    order_id: Id
    order_number: str
    shop_id: Id
    shop_name: str
    kind: CaseKind
    state: CaseState
    reason: str
    reason_words: str
    fault: Fault
    said: str
    lines: list[CaseLineWire]
    refund_fen: Fen
    extra_fen: Fen
    advanced_fen: Fen
    outcome: Outcome | None
    created_at: Instant
    deadline: Instant | None
    deadline_words: str | None
    waits_for: Side | None
    closed_at: Instant | None
    actions: list[str]


class CasePage(CaseWire):
    """One case in full. `buyer_nickname` is masked."""

    buyer_nickname: str
    steps: list[AmountStepWire]
    progress: list[ProgressWire]
    history: list[CaseStepWire]
    evidence: list[EvidenceWire]
    replay: ReplayEvidence | None
    return_to: ReturnAddressWire | None
    returned: CaseParcelWire | None
    delivered_at: Instant | None
    return_freight_fen: Fen
    return_freight_by: FreightPayer
    resent: CaseParcelWire | None
    order_total_fen: Fen
    order_refunded_fen: Fen


class CaseCounts(Wire):
    open: int
    yours: int
    """Cases that wait for the buyer."""


class QueueCounts(Wire):
    asked: int
    approved: int
    returning: int
    inspected: int
    resending: int
    refused: int
    arbitration: int
    decided: int
    refunding: int


class DayWire(Wire):
    day: str
    opened: int
    closed: int


class CaseFiguresWire(Wire):
    """Of the last 30 days. `rate_bps`: cases for each 10,000 paid orders."""

    waiting_for_shop: int
    urgent: int
    opened: int
    rate_bps: int
    answer_seconds: int | None
    close_seconds: int | None
    refused: int
    arbitrated: int
    refund_fen: Fen
    debt_fen: Fen
    days: list[DayWire]
    counts: QueueCounts


class Templates(Wire):
    """What a merchant may give as a reason for a refusal."""

    items: list[RefusalTemplate]


class RefusalTemplate(Wire):
    key: str
    words: str
    text: str


class ArbitrationRules(Wire):
    items: list[RuleWire]


class FundWire(Wire):
    balance_fen: Fen
    advanced_fen: Fen
    recovered_fen: Fen
    owed_fen: Fen
    cover_balance_fen: Fen
    payouts_fen: Fen


class ClaimWire(Wire):
    id: Id
    case_id: Id
    case_number: str
    shop_id: Id
    shop_name: str
    fen: Fen
    recovered_fen: Fen
    owed_fen: Fen
    rule: RuleWire | None
    created_at: Instant
    closed_at: Instant | None


class PayoutWire(Wire):
    """`case_id` is null where no case decided it; `case_number` is then empty."""

    id: Id
    case_id: Id | None
    case_number: str
    order_number: str
    person_id: Id
    nickname: str
    kind: Literal["return_freight", "compensation", "deposit_doubled"]
    fen: Fen
    created_at: Instant
    paid_at: Instant | None
    reference: str | None


class Recovered(Wire):
    recovered_fen: Fen
    owed_fen: Fen


Templates.model_rebuild()
