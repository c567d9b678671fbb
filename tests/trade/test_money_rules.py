"""Withdrawals, deposits, reconciliation and invoices: each rule at its edge."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import OrderId, OrderState
from kaibo.trade.funds import rules as funds
from kaibo.trade.funds.model import Audience, Deposit
from kaibo.trade.invoices import rules as invoices
from kaibo.trade.invoices.errors import (
    BadInvoiceDocument,
    BadInvoiceNumber,
    BadTaxNumber,
    TaxNumberMissing,
    WrongInvoiceState,
)
from kaibo.trade.invoices.model import Invoice, InvoiceId, InvoiceState, Title
from kaibo.trade.reconciliation.rules import Found, Wrong, compare
from tests.trade.test_rules import order

NOW = datetime(2026, 11, 23, 4, 30, 15, 250, tzinfo=UTC)  # 12:30 in China
DAY = timedelta(days=1)


# --- withdrawals


@pytest.mark.parametrize(
    ("at", "begins"),
    [
        (NOW, datetime(2026, 11, 22, 16, tzinfo=UTC)),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), datetime(2026, 11, 23, 16, tzinfo=UTC)),
        (datetime(2026, 11, 23, 15, 59, 59, 999_999, tzinfo=UTC), datetime(2026, 11, 22, 16, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_in_beijing(at: datetime, begins: datetime) -> None:
    assert funds.midnight(at) == begins
    assert funds.midnight(at).tzinfo is UTC


def test_money_is_ripe_at_once_tomorrow_or_after_days() -> None:
    today = datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert funds.ripe_before(NOW, 0) == NOW + timedelta(microseconds=1), "what was settled this very instant too"
    assert [funds.ripe_before(NOW, days) for days in (1, 2, 7)] == [today, today - DAY, today - 6 * DAY]


@pytest.mark.parametrize(
    ("balance", "unripe", "held", "free"),
    [
        (100, 0, 0, 100),
        (100, 30, 20, 50),
        (100, 80, 30, 0),
        (100, -40, 0, 100),
        (100, 0, 101, 0),
        (-5, 0, 0, 0),
        (1, 0, 0, 1),
    ],
)
def test_what_may_be_withdrawn_is_never_more_than_is_ripe_and_free(
    balance: int, unripe: int, held: int, free: int
) -> None:
    assert funds.available(balance, unripe, held) == free


def test_a_deposit_below_its_minimum_blocks_after_the_days_of_grace() -> None:
    assert funds.standing(500, 500, NOW - DAY, 7, NOW) == Deposit(500, 500, None, None, False)
    fresh = funds.standing(499, 500, None, 7, NOW)
    assert fresh == Deposit(499, 500, NOW, NOW + 7 * DAY, False)
    since = NOW - 7 * DAY
    assert funds.standing(499, 500, since, 7, NOW) == Deposit(499, 500, since, NOW, True)
    assert not funds.standing(499, 500, since + timedelta(microseconds=1), 7, NOW).blocked


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("6222 0212-3456 7890", "6222021234567890"),
        ("12345678", "12345678"),
        ("1234567", None),
        ("1" * 30, "1" * 30),
        ("1" * 31, None),
        ("6222x21234567890", None),
        ("６２２２０２１２３４５６", None),
        ("", None),
    ],
)
def test_a_bank_number_is_eight_to_thirty_digits(written: str, number: str | None) -> None:
    assert funds.bank_number(written) == number


def test_a_masked_bank_number_shows_the_last_four() -> None:
    assert funds.masked("6222021234567890") == "**** **** **** 7890"


def test_every_audience_has_terms_of_its_own_name() -> None:
    assert {name: terms.audience for name, terms in funds.DEFAULTS.items()} == {
        name: name for name in get_args(Audience)
    }


# --- reconciliation


@dataclass(frozen=True)
class Row:
    kind: str
    out_no: str
    fen: int
    fee_fen: int = 0
    currency: str = "CNY"
    transaction_id: str = "t"
    at: datetime = NOW


BOTH = (("charge", 1), ("refund", -1))


@pytest.mark.parametrize(("kind", "sign"), BOTH)
def test_what_only_one_side_knows_is_named(kind: str, sign: int) -> None:
    assert compare([Row(kind, "N1", 100)], {}) == [Found(Wrong.MISSING_HERE, kind, "N1", 100, 0, sign * 100)]  # type: ignore[arg-type]
    assert compare([], {(kind, "N1"): 100}) == [Found(Wrong.MISSING_AT_PROVIDER, kind, "N1", 0, 100, -sign * 100)]  # type: ignore[arg-type]
    assert compare([Row(kind, "N1", 100)], {(kind, "N1"): 100}) == []


@pytest.mark.parametrize(("kind", "sign"), BOTH)
def test_another_amount_and_another_currency_are_named(kind: str, sign: int) -> None:
    ours = {(kind, "N1"): 100}
    assert compare([Row(kind, "N1", 130)], ours) == [Found(Wrong.AMOUNT, kind, "N1", 130, 100, sign * 30)]  # type: ignore[arg-type]
    assert compare([Row(kind, "N1", 70)], ours) == [Found(Wrong.AMOUNT, kind, "N1", 70, 100, -sign * 30)]  # type: ignore[arg-type]
    dollars = Row(kind, "N1", 100, currency="USD")
    assert compare([dollars], ours) == [Found(Wrong.CURRENCY, kind, "N1", 100, 100, 0)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "sign"), BOTH)
def test_what_stands_twice_or_three_times_is_one_difference(kind: str, sign: int) -> None:
    rows = [Row(kind, "N1", 100)] * 3
    assert compare(rows, {(kind, "N1"): 100}) == [Found(Wrong.DUPLICATE, kind, "N1", 300, 100, sign * 200)]  # type: ignore[arg-type]
    assert compare(rows[:2], {}) == [
        Found(Wrong.MISSING_HERE, kind, "N1", 100, 0, sign * 100),  # type: ignore[arg-type]
        Found(Wrong.DUPLICATE, kind, "N1", 200, 0, sign * 100),  # type: ignore[arg-type]
    ]


def test_a_charge_and_a_refund_of_one_number_are_two_things_and_later_rows_are_looked_at() -> None:
    rows = [Row("charge", "N1", 100), Row("charge", "N1", 100), Row("refund", "N1", 40), Row("charge", "N2", 7)]
    ours = {("charge", "N1"): 100, ("refund", "N1"): 40, ("charge", "N2"): 8, ("charge", "N3"): 5}
    assert compare(rows, ours) == [
        Found(Wrong.DUPLICATE, "charge", "N1", 200, 100, 100),
        Found(Wrong.AMOUNT, "charge", "N2", 7, 8, -1),
        Found(Wrong.MISSING_AT_PROVIDER, "charge", "N3", 0, 5, -5),
    ]


def test_the_fees_of_a_day_are_one_difference() -> None:
    rows = [Row("charge", "N1", 100, fee_fen=2), Row("refund", "N2", 50, fee_fen=-1)]
    ours = {("charge", "N1"): 100, ("refund", "N2"): 50}
    assert compare(rows, ours) == [Found(Wrong.FEE, "day", "", 1, 0, -1)]


@given(
    st.dictionaries(st.tuples(st.sampled_from(["charge", "refund"]), st.sampled_from("ABCD")), st.integers(1, 999)),
    st.data(),
)
def test_the_differences_explain_the_whole_gap_between_the_books(
    ours: dict[tuple[str, str], int], data: st.DataObject
) -> None:
    """What the provider holds for us by its rows, less what our books say, is the sum of all that was named (fees aside)."""
    rows = data.draw(
        st.lists(
            st.builds(Row, st.sampled_from(["charge", "refund"]), st.sampled_from("ABCDE"), st.integers(1, 999)),
            max_size=8,
        )
    )
    first: dict[tuple[str, str], int] = {}
    rows = [replace(row, fen=first.setdefault((row.kind, row.out_no), row.fen)) for row in rows]
    signs = dict(BOTH)
    theirs = sum(signs[row.kind] * row.fen for row in rows)
    mine = sum(signs[kind] * fen for (kind, _), fen in ours.items())
    assert sum(found.difference_fen for found in compare(rows, ours)) == theirs - mine


# --- invoices

S = InvoiceState
FOLLOWS = {
    S.ASKED: {S.ISSUING, S.ISSUED, S.REFUSED, S.WITHDRAWN},
    S.ISSUING: {S.ISSUED, S.REFUSED},
    S.ISSUED: {S.REVERSED},
}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("following", S)
def test_an_invoice_goes_its_way(state: InvoiceState, following: InvoiceState) -> None:
    made = Invoice(
        InvoiceId(uuid4()), OrderId(uuid4()), ShopId(uuid4()), PersonId(uuid4()), "1", state, Title("personal", "李"), 100, NOW, NOW
    )  # fmt: skip
    if following in FOLLOWS.get(state, set()):
        invoices.require(made, following, "issue")
        return
    with pytest.raises(WrongInvoiceState) as refused:
        invoices.require(made, following, "issue")
    assert refused.value.facts() == {"state": state.value, "action": "issue"}


@pytest.mark.parametrize("state", OrderState)
def test_an_order_is_worth_what_stays_paid(state: OrderState) -> None:
    paid = state in (OrderState.PAID, OrderState.SHIPPED, OrderState.RECEIVED, OrderState.SETTLED)
    assert invoices.worth_fen(order(state, total_fen=2_990, refunded_fen=990)) == (2_000 if paid else 0)


def test_an_invoice_is_due_in_five_days() -> None:
    assert invoices.due(NOW) == NOW + 5 * DAY


def test_a_company_needs_a_right_tax_number_and_a_person_gives_none() -> None:
    company = Title("company", "老周纸业", "91130607ma0000000x", "a@b.example")
    assert invoices.check_title(company, lambda written: written.upper()) == replace(
        company, tax_number="91130607MA0000000X"
    )
    person = Title("personal", "李小明", "91130607ma0000000x", "a@b.example")
    assert invoices.check_title(person, lambda _: None) == Title("personal", "李小明", None, "a@b.example")
    for number in (None, ""):
        with pytest.raises(TaxNumberMissing):
            invoices.check_title(replace(company, tax_number=number), str)
    with pytest.raises(BadTaxNumber) as refused:
        invoices.check_title(company, lambda _: None)
    assert refused.value.facts() == {"tax_number": "91130607ma0000000x"}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (" 2611 2000 0000 1234 5678 ", "26112000000012345678"),
        ("044031900111-12345678", "044031900111-12345678"),
        ("0440319001-12345678", "0440319001-12345678"),
        ("04403190011-12345678", None),
        ("044031900111-1234567", None),
        ("044031900111 12345678", "04403190011112345678"),
        ("2611200000001234567", None),
        ("261120000000123456789", None),
        ("２６１１２０００００００１２３４５６７８", None),
    ],
)
def test_an_invoice_number_is_of_one_of_two_shapes(written: str, number: str | None) -> None:
    if number is not None:
        assert invoices.check_number(written) == number
        return
    with pytest.raises(BadInvoiceNumber) as refused:
        invoices.check_number(written)
    assert refused.value.facts() == {"number": written}


def packed(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


PDF = b"%PDF-1.7\n" + b"x" * 4_000
END = b"%%EOF\n"


def test_a_document_is_what_its_bytes_say() -> None:
    assert invoices.document_kind(PDF + END) == "pdf"
    assert invoices.document_kind(PDF + END + b" " * (2_048 - len(END))) == "pdf"
    assert invoices.document_kind(packed("OFD.xml", "Doc_0/Document.xml")) == "ofd"
    assert invoices.document_kind(packed("OFD.xml", *(f"{n}.xml" for n in range(1_999)))) == "ofd"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        PDF,
        PDF + END + b" " * (2_049 - len(END)),
        b" " + PDF + END,
        packed("a.xml"),
        packed("OFD.xml", *(f"{n}.xml" for n in range(2_000))),
        packed("OFD.xml")[:40],
        b" " + packed("OFD.xml"),
    ],
)
def test_what_is_no_invoice_document_is_refused(content: bytes) -> None:
    with pytest.raises(BadInvoiceDocument):
        invoices.document_kind(content)
