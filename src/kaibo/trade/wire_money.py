"""The JSON of withdrawals, bills, deposits, the ledger's accounts and reconciliation."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kaibo.kernel.money import FEN_MAX
from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.trade.funds import rules

Amount = Annotated[int, Field(strict=True, ge=1, le=FEN_MAX)]
NotNegative = Annotated[int, Field(strict=True, ge=0, le=FEN_MAX)]
Reason = Annotated[Text, StringConstraints(min_length=1, max_length=rules.REASON_CHARS_MAX)]
Short = Annotated[Text, StringConstraints(min_length=1, max_length=80)]
Evidence = Annotated[Text, StringConstraints(min_length=1, max_length=300)]
Provider = Literal["wechatpay", "alipay", "stripe"]


class WithdrawableWire(Wire):
    """`available_fen` may be withdrawn now; `unripe_fen` is settled, but its period (T+`settle_days`) is not over."""

    balance_fen: Fen
    unripe_fen: Fen
    held_fen: Fen
    available_fen: Fen
    settle_days: int
    withdrawal_min_fen: Fen
    withdrawal_fee_fen: Fen


class BankAccountIn(Wire):
    holder: Short
    bank: Short
    number: Annotated[Text, StringConstraints(min_length=8, max_length=40)]


class BankAccountWire(Wire):
    holder: str
    bank: str
    number_masked: str


class WithdrawalAccount(Wire):
    """What the screen of withdrawals needs at once."""

    withdrawable: WithdrawableWire
    bank_account: BankAccountWire | None


class WithdrawIn(Wire):
    fen: Amount


class WithdrawalWire(Wire):
    id: Id
    owner: str
    owner_kind: Literal["shop", "creator", "leader", "agency"]
    fen: Fen
    fee_fen: Fen
    state: Literal["asked", "approved", "paid", "refused", "returned"]
    holder: str
    bank: str
    number_masked: str
    asked_at: Instant
    decided_at: Instant | None
    ended_at: Instant | None
    reason: str | None
    reference: str | None


class CreatorShare(Wire):
    """What an agency had of one creator's settled orders: `commission_fen` in all, of which `agency_fen` is the agency's."""

    creator_id: Id
    nickname: str
    orders: int
    commission_fen: Fen
    agency_fen: Fen


class AgencyEarnings(Wire):
    """`frozen_fen` is the agency's share of paid orders that are not settled yet; `creators` of the last `days`, largest first."""

    payable_fen: Fen
    frozen_fen: Fen
    days: int
    creators: list[CreatorShare]


class BankNumber(Wire):
    number: str


class ReasonWhyIn(Wire):
    reason: Reason


class ReferenceIn(Wire):
    reference: Short


class DayBillWire(Wire):
    day: date
    opening_fen: Fen
    income_fen: Fen
    expense_fen: Fen
    closing_fen: Fen
    entries: int
    by_kind: dict[str, Fen]


class MonthBills(Wire):
    items: list[DayBillWire]


class BillLineWire(Wire):
    id: str
    at: Instant
    kind: str
    why: str
    order_number: str | None
    amount_fen: Fen
    order_total_fen: Fen | None
    commission_fen: Fen | None
    platform_fee_fen: Fen | None
    subsidy_fen: Fen | None


class DeductionWire(Wire):
    id: Id
    fen: Fen
    reason: str
    evidence: list[str]
    at: Instant


class DepositWire(Wire):
    """From `blocked_from` on the shop can list nothing new."""

    balance_fen: Fen
    minimum_fen: Fen
    below_since: Instant | None
    blocked_from: Instant | None
    blocked: bool
    deductions: list[DeductionWire]


class DepositIn(Wire):
    fen: Amount


class TransferIn(Wire):
    fen: Amount
    reference: Short


class DeductIn(Wire):
    fen: Amount
    reason: Reason
    evidence: Annotated[list[Evidence], Field(max_length=rules.EVIDENCE_MAX, default_factory=list)]


class ShopDeposit(Wire):
    """`waits_for` says why the deposit of a closed shop cannot be released yet."""

    shop_id: Id
    shop: str
    merchant_class: Literal["standard", "trusted", "new"]
    balance_fen: Fen
    minimum_fen: Fen
    below_since: Instant | None
    blocked: bool
    closed_at: Instant | None
    waits_for: list[Literal["on_sale", "unsettled", "cases", "advances", "claims"]]


class ShopDeposits(Wire):
    items: list[ShopDeposit]


class MerchantClassIn(Wire):
    merchant_class: Literal["standard", "trusted", "new"]


class TermsIn(Wire):
    settle_days: Annotated[int, Field(strict=True, ge=0, le=rules.SETTLE_DAYS_MAX)]
    withdrawal_min_fen: NotNegative
    withdrawal_fee_fen: NotNegative
    deposit_min_fen: NotNegative
    deposit_grace_days: Annotated[int, Field(strict=True, ge=0, le=rules.GRACE_DAYS_MAX)]


class TermsWire(TermsIn):
    audience: Literal["standard", "trusted", "new", "creator"]


class AllTerms(Wire):
    items: list[TermsWire]


class SettledDay(Wire):
    day: date
    orders: int
    total_fen: Fen
    merchant_fen: Fen
    creator_fen: Fen
    agency_fen: Fen
    leader_fen: Fen
    platform_fen: Fen
    subsidy_fen: Fen


class SettledDays(Wire):
    """`waiting` orders are received and not settled, `waiting_fen` of the buyers' money."""

    items: list[SettledDay]
    waiting: int
    waiting_fen: Fen


class Fund(Wire):
    kind: str
    balance_fen: Fen
    leaving_fen: Fen


class Funds(Wire):
    items: list[Fund]


class ReconciledDay(Wire):
    provider: str
    day: date
    rows: int
    charged_fen: Fen
    refunded_fen: Fen
    fee_fen: Fen
    compared_at: Instant
    closed_at: Instant | None
    open: int


class ReconciledDays(Wire):
    items: list[ReconciledDay]


class DifferenceWire(Wire):
    id: Id
    provider: str
    day: date
    wrong: str
    kind: str
    out_no: str
    provider_fen: Fen
    house_fen: Fen
    difference_fen: Fen
    state: str
    note: str | None
    linked_to: str | None
    done_at: Instant | None


class Differences(Wire):
    items: list[DifferenceWire]


class NoteIn(Wire):
    note: Reason


class LinkIn(Wire):
    linked_to: Short
    note: Reason
