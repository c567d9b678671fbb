"""A provider's statement against our books: every difference named, worked off, the day closed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.kernel.context import Context
from kaibo.trade.bills.days import today
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.post import Account, AccountKind
from kaibo.trade.payment.statement import provider_statement
from kaibo.trade.reconciliation import fetch
from kaibo.trade.reconciliation.errors import DayNotOver, NoStatements
from kaibo.trade.reconciliation.fetch import fetch_and_compare
from kaibo.trade.reconciliation.rules import Wrong, compare
from tests.conftest import SignIn
from tests.people_of_tests import Person
from tests.trade.world import ok


@dataclass(frozen=True)
class Row:
    kind: str
    out_no: str
    fen: int
    fee_fen: int = 0
    currency: str = "CNY"
    transaction_id: str = "T"
    at: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_every_kind_of_difference_has_its_name() -> None:
    ours = {("charge", "A"): 100, ("charge", "B"): 200, ("charge", "C"): 300, ("refund", "R"): 50, ("charge", "D"): 9}
    rows = [
        Row("charge", "A", 100, fee_fen=1),
        Row("charge", "B", 210, fee_fen=2),
        Row("charge", "X", 400),
        Row("refund", "Y", 30),
        Row("charge", "A", 100),
        Row("charge", "D", 9, currency="USD"),
    ]
    found = {(one.wrong, one.out_no): one.difference_fen for one in compare(rows, ours)}
    assert found == {
        (Wrong.AMOUNT, "B"): 10,
        (Wrong.MISSING_HERE, "X"): 400,
        (Wrong.MISSING_HERE, "Y"): -30,
        (Wrong.DUPLICATE, "A"): 100,
        (Wrong.CURRENCY, "D"): 0,
        (Wrong.MISSING_AT_PROVIDER, "C"): -300,
        (Wrong.MISSING_AT_PROVIDER, "R"): 50,
        (Wrong.FEE, ""): -3,
    }


keys = st.tuples(st.sampled_from(["charge", "refund"]), st.sampled_from("ABCDE"))


@given(
    st.lists(st.builds(lambda k, fen, fee: Row(*k, fen, fee), keys, st.integers(1, 999), st.integers(0, 9))),
    st.dictionaries(keys, st.integers(1, 999)),
)
def test_the_differences_explain_the_whole_gap(rows: list[Row], ours: dict[tuple[str, str], int]) -> None:
    """What the provider holds (less its fees) is our books plus every difference: nothing is left unexplained."""

    def signed(kind: str, fen: int) -> int:
        return -fen if kind == "refund" else fen

    # Rows of one number and different amounts are a fault of their own; a provider repeats a row as it was.
    first = {(row.kind, row.out_no): row.fen for row in reversed(rows)}
    rows = [Row(row.kind, row.out_no, first[row.kind, row.out_no], row.fee_fen) for row in rows]
    there = sum(signed(row.kind, row.fen) - row.fee_fen for row in rows)
    here = sum(signed(kind, fen) for (kind, _), fen in ours.items())
    assert there == here + sum(one.difference_fen for one in compare(rows, ours))


@pytest.fixture
async def operator(sign_in: SignIn) -> AsyncIterator[Person]:
    person = await sign_in(roles=[("operator", "platform", None)])
    fetch.install(None)
    yield person
    fetch.install(provider_statement)


async def test_differences_are_worked_off_and_the_day_is_closed(here: Context, operator: Person) -> None:
    day = today() - timedelta(days=400)
    rows = [Row("charge", "A1", 500, fee_fen=3), Row("refund", "R1", 200)]

    async def statement(_provider: str, asked: date) -> list[Row]:
        assert asked == day
        return rows

    with pytest.raises(NoStatements):
        await fetch_and_compare("stripe", day)
    fetch.install(statement)
    with pytest.raises(DayNotOver):
        fetch.install(lambda *_: statement("", day))
        await fetch_and_compare("stripe", today())
    assert await fetch_and_compare("stripe", day) == 3
    path = "/api/operator/reconciliation"
    found = ok(await operator.client.get(f"{path}/differences", params={"provider": "stripe", "state": "open"}))[
        "items"
    ]
    by_wrong = {(one["wrong"], one["kind"]): one for one in found}
    assert set(by_wrong) == {("missing_here", "charge"), ("missing_here", "refund"), ("fee", "day")}
    left = await operator.client.post(f"{path}/stripe/{day}/close")
    assert (left.status_code, left.json()["left"]) == (409, 3)

    async def books() -> tuple[int, int]:
        async with here.database.transaction() as db:
            gateway = await balance(db, Account(AccountKind.GATEWAY, scope="stripe"))
            return gateway, await balance(db, Account(AccountKind.RECONCILIATION_DIFFERENCE))

    before = await books()
    charge = by_wrong["missing_here", "charge"]["id"]
    ok(await operator.client.post(f"{path}/differences/{charge}/accept", json={"note": "线下补单"}))
    fee = by_wrong["fee", "day"]["id"]
    ok(await operator.client.post(f"{path}/differences/{fee}/accept", json={"note": "渠道手续费"}))
    after = await books()
    assert (after[0] - before[0], after[1] - before[1]) == (-497, 497)
    again = await operator.client.post(f"{path}/differences/{fee}/accept", json={"note": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "trade.difference_done")
    refund = by_wrong["missing_here", "refund"]["id"]
    ok(await operator.client.post(f"{path}/differences/{refund}/note", json={"note": "问渠道"}))
    assert await fetch_and_compare("stripe", day) == 1
    body = {"linked_to": "次日 R1", "note": "跨日"}
    ok(await operator.client.post(f"{path}/differences/{refund}/link", json=body))
    days = ok(await operator.client.post(f"{path}/stripe/{day}/close"))["items"]
    assert next(one for one in days if one["day"] == str(day))["closed_at"] is not None
    rows.clear()
    assert ok(await operator.client.get(path))["items"]
    assert (await operator.client.post(f"{path}/stripe/{today()}/compare")).status_code == 422


async def test_a_difference_that_a_later_comparison_no_longer_finds_is_gone(here: Context, operator: Person) -> None:
    day = today() - timedelta(days=401)
    rows = [Row("charge", "A2", 500)]

    async def statement(_provider: str, _day: date) -> list[Row]:
        return rows

    fetch.install(statement)
    assert await fetch_and_compare("alipay", day) == 1
    rows.clear()
    assert await fetch_and_compare("alipay", day) == 0
    path = "/api/operator/reconciliation/differences"
    (gone,) = ok(await operator.client.get(path, params={"provider": "alipay", "day": str(day)}))["items"]
    assert gone["state"] == "gone"
