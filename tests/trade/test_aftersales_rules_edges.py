"""A case: who may do what in which state, which reason fits what, and every step of what is given back."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.amounts import Amount, Balance, cut, lowered, money_back, price_fall
from kaibo.trade.aftersales.model import Case, CaseId, CaseKind, CaseLine, CaseState, Cover
from kaibo.trade.aftersales.refusals import AmountTooHigh, LineTwice, LineUnknown, NotOffered, WrongCaseState
from kaibo.trade.contracts import LineId, OrderId, OrderState
from kaibo.trade.orders.model import Terms

NOW = datetime(2026, 11, 1, 15, 50, 30, tzinfo=UTC)  # 23:50:30 in China
HOUSE = Terms(900, 48 * 3600, 10 * 86400, 7 * 86400, 500)
MIDNIGHT_AFTER_THE_SEVENTH_DAY = datetime(2026, 11, 8, 16, tzinfo=UTC)
S, K = CaseState, CaseKind


def case(state: CaseState, **changes: Any) -> Case:
    made = Case(
        CaseId(uuid.uuid4()), "A1", OrderId(uuid.uuid4()), ShopId(uuid.uuid4()), PersonId(uuid.uuid4()), K.RETURN_REFUND, state,
        "quality", "merchant", "", False, (), 100, (), NOW, "answer_48h",
    )  # fmt: skip
    return replace(made, **changes)


# --- who may do what

BUYER = {
    S.ASKED: ["withdraw", "evidence"],
    S.APPROVED: ["send_back", "withdraw", "evidence"],
    S.RETURNING: ["evidence"],
    S.INSPECTED: ["evidence"],
    S.RESENDING: ["escalate", "confirm", "evidence"],
    S.REFUSED: ["escalate", "withdraw", "evidence"],
    S.ARBITRATION: ["withdraw", "evidence"],
    S.DECIDED: ["evidence"],
}
SHOP = {
    S.ASKED: ["approve", "refuse", "evidence"],
    S.APPROVED: ["evidence"],
    S.RETURNING: ["inspect", "evidence"],
    S.INSPECTED: ["resend", "evidence"],
    S.RESENDING: ["evidence"],
    S.REFUSED: ["approve", "evidence"],
    S.ARBITRATION: ["evidence"],
    S.DECIDED: ["perform", "evidence"],
}


@pytest.mark.parametrize("state", S)
def test_what_each_side_may_do_with_a_case(state: CaseState) -> None:
    assert rules.actions(case(state), "buyer") == BUYER.get(state, [])
    assert rules.actions(case(state), "shop") == SHOP.get(state, [])
    assert rules.actions(case(state), "operator") == (["decide"] if state is S.ARBITRATION else [])


def test_goods_that_were_refused_after_they_came_back_can_only_be_accepted() -> None:
    assert rules.actions(case(S.REFUSED, sent_at=NOW), "shop") == ["accept", "evidence"]


FOLLOWS = {
    S.ASKED: {S.APPROVED, S.REFUNDING, S.REFUSED, S.WITHDRAWN},
    S.APPROVED: {S.RETURNING, S.WITHDRAWN, S.EXPIRED},
    S.RETURNING: {S.INSPECTED, S.REFUNDING, S.REFUSED},
    S.INSPECTED: {S.RESENDING, S.REFUNDING},
    S.RESENDING: {S.DONE, S.ARBITRATION},
    S.REFUSED: {S.APPROVED, S.INSPECTED, S.REFUNDING, S.ARBITRATION, S.WITHDRAWN, S.EXPIRED},
    S.ARBITRATION: {S.APPROVED, S.REFUNDING, S.DECIDED, S.DISMISSED, S.WITHDRAWN},
    S.DECIDED: {S.REFUNDING},
    S.REFUNDING: {S.DONE},
}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("following", S)
def test_a_case_goes_its_way(state: CaseState, following: CaseState) -> None:
    fits = following in FOLLOWS.get(state, set())
    assert rules.may_become(state, following) is fits
    if fits:
        rules.require(case(state), following, "approve")
        return
    with pytest.raises(WrongCaseState) as refused:
        rules.require(case(state), following, "approve")
    assert refused.value.facts() == {"state": state.value, "action": "approve"}


def test_an_action_names_the_states_it_needs() -> None:
    rules.require_state(case(S.REFUSED), "escalate", S.RESENDING, S.REFUSED)
    with pytest.raises(WrongCaseState) as refused:
        rules.require_state(case(S.ASKED), "escalate", S.RESENDING, S.REFUSED)
    assert refused.value.facts() == {"state": "asked", "action": "escalate"}


@pytest.mark.parametrize(
    ("kind", "approved", "inspected", "period"),
    [
        (K.REFUND_ONLY, S.REFUNDING, S.REFUNDING, rulebook.INSPECT),
        (K.RETURN_REFUND, S.APPROVED, S.REFUNDING, rulebook.INSPECT),
        (K.EXCHANGE, S.APPROVED, S.INSPECTED, rulebook.INSPECT),
        (K.REPAIR, S.APPROVED, S.INSPECTED, rulebook.INSPECT_TECHNICAL),
        (K.PRICE_PROTECTION, S.REFUNDING, S.REFUNDING, rulebook.INSPECT),
    ],
)
def test_what_follows_an_approval_and_an_inspection(kind: CaseKind, approved: Any, inspected: Any, period: Any) -> None:
    assert (rules.after_approval(kind), rules.after_inspection(kind)) == (approved, inspected)
    assert rules.inspection_period(kind) == period


@pytest.mark.parametrize(
    ("kind", "reason", "before", "rule"),
    [
        (K.PRICE_PROTECTION, "price_fell", False, "price_protection"),
        (K.RETURN_REFUND, "no_reason", False, "law_consumer_25"),
        (K.REFUND_ONLY, "not_wanted", True, "before_shipping"),
        (K.RETURN_REFUND, "quality", False, None),
        (K.REFUND_ONLY, "not_received", False, None),
    ],
)
def test_what_no_merchant_may_refuse(kind: CaseKind, reason: str, before: bool, rule: str | None) -> None:
    assert rules.granted_at_once(kind, reason, before_shipping=before) == rule


# --- reasons and times


def test_each_reason_is_somebodys_fault_and_fits_some_kinds() -> None:
    refund, back, exchange, repair = K.REFUND_ONLY, K.RETURN_REFUND, K.EXCHANGE, K.REPAIR
    told = {name: (r.fault, set(r.kinds), r.picture, r.before_shipping) for name, r in rules.REASONS.items()}
    assert told == {
        "not_wanted": ("buyer", {refund}, False, True),
        "wrong_order": ("buyer", {refund}, False, True),
        "ships_late": ("merchant", {refund}, False, True),
        "no_reason": ("buyer", {back}, False, False),
        "not_received": ("merchant", {refund}, False, False),
        "missing": ("merchant", {refund}, True, False),
        "agreed": ("none", {refund}, False, False),
        "quality": ("merchant", {refund, back, exchange, repair}, True, False),
        "damaged": ("merchant", {refund, back, exchange}, True, False),
        "wrong_item": ("merchant", {back, exchange}, True, False),
        "not_as_said": ("merchant", {refund, back}, True, False),
        "fake": ("merchant", {refund, back}, True, False),
        "other_size": ("buyer", {exchange}, False, False),
        "broke_later": ("merchant", {repair}, True, False),
        "price_fell": ("none", {K.PRICE_PROTECTION}, False, False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "state", "reason", "partly", "before"),
    [
        (K.REFUND_ONLY, OrderState.PAID, "not_received", False, True),
        (K.REFUND_ONLY, OrderState.PAID, "not_wanted", True, True),
        (K.REFUND_ONLY, OrderState.PAID, "not_received", True, False),
        (K.REFUND_ONLY, OrderState.PAID, "made up", True, False),
        (K.REFUND_ONLY, OrderState.PAID, "made up", False, True),
        (K.REFUND_ONLY, OrderState.SHIPPED, "not_wanted", False, False),
        (K.RETURN_REFUND, OrderState.PAID, "not_wanted", False, False),
        (K.RETURN_REFUND, OrderState.SHIPPED, "no_reason", False, False),
    ],
)
def test_a_case_is_about_pieces_that_never_left_where_nothing_left_or_the_reason_says_so(
    kind: CaseKind, state: OrderState, reason: str, partly: bool, before: bool
) -> None:
    assert rules.is_before_shipping(kind, state, reason, partly_shipped=partly) is before


@pytest.mark.parametrize("microseconds", [0, 1, 400_000, 999_999])
def test_the_seventh_day_ends_at_midnight_to_the_second(microseconds: int) -> None:
    until = rules.no_reason_until(NOW + timedelta(microseconds=microseconds), HOUSE)
    assert MIDNIGHT_AFTER_THE_SEVENTH_DAY - timedelta(seconds=1) < until <= MIDNIGHT_AFTER_THE_SEVENTH_DAY


@pytest.mark.parametrize(
    ("days", "paid_at", "now", "why"),
    [
        (0, NOW, NOW, "no_price_protection"),
        (7, None, NOW, "no_price_protection"),
        (7, NOW, NOW + timedelta(days=7), "price_protection_over"),
    ],
)
def test_why_no_price_is_protected(days: int, paid_at: datetime | None, now: datetime, why: str) -> None:
    with pytest.raises(NotOffered) as refused:
        rules.check_price_protection(days, paid_at, now, HOUSE)
    assert (refused.value.facts()["kind"], list(refused.value.facts()["why"])) == ("price_protection", [why])


def cover(limit_fen: int, paid_fen: int) -> Cover:
    return Cover(OrderId(uuid.uuid4()), ShopId(uuid.uuid4()), 100, limit_fen, paid_fen)


@pytest.mark.parametrize(
    ("fault", "said", "covered", "paid"),
    [
        ("merchant", 4_999, None, ("merchant", 4_999)),
        ("merchant", 5_001, None, ("merchant", 5_000)),
        ("buyer", 1_200, None, ("buyer", 0)),
        ("buyer", 1_200, cover(1_000, 0), ("cover", 1_000)),
        ("buyer", 1_200, cover(1_000, 999), ("cover", 1)),
        ("none", 1_200, cover(1_000, 1_000), ("buyer", 0)),
        ("none", 300, cover(1_000, 0), ("cover", 300)),
    ],
)
def test_who_pays_the_way_back(fault: Any, said: int, covered: Cover | None, paid: tuple[str, int]) -> None:
    assert rules.return_freight(fault, said, covered) == paid


# --- what is given back


def balance(quantity: int = 3, paid_fen: int = 1_000, freight_fen: int = 0, **gone: int) -> Balance:
    return Balance(LineId(uuid.uuid4()), "抽纸", quantity, paid_fen, freight_fen, **gone)


def step(line: Balance, quantity: int, paid: str, fen: int) -> dict[str, Any]:
    return {"step": "line", "title": "抽纸", "quantity": quantity, "of": line.quantity, "paid": paid, "fen": fen}


def test_every_step_says_what_was_paid_and_what_comes_back() -> None:
    one, two = balance(2, 1_000, 300), balance(1, 700, 200)
    both = [(one.line_id, 2), (two.line_id, 1)]
    back = money_back([one, two], both, fault="merchant", before_shipping=False)
    freight = {"step": "freight_back", "fen": 500, "freight": "5.00"}
    assert back.steps == (step(one, 2, "10.00", 1_000), step(two, 1, "7.00", 700), freight)
    kept = money_back([one, two], both, fault="buyer", before_shipping=False)
    assert kept.steps[-1] == {"step": "freight_kept", "fen": 0, "freight": "5.00"}
    part = money_back([one, two], [(one.line_id, 1)], fault="merchant", before_shipping=False)
    assert part.steps == (step(one, 1, "10.00", 500), {"step": "freight_waits", "fen": 0, "freight": "5.00"})
    free = balance()
    assert len(money_back([free], [(free.line_id, 3)], fault="merchant", before_shipping=True).steps) == 1, "no freight"


def test_a_line_refunded_before_gives_its_freight_with_the_last_piece_and_no_piece() -> None:
    gone, last = balance(1, 500, 400, gone_quantity=1, gone_fen=500), balance(1, 700, 600)
    back = money_back([gone, last], [(last.line_id, 1)], fault="merchant", before_shipping=False)
    assert back.lines == (CaseLine(last.line_id, 1, 700, 600), CaseLine(gone.line_id, 0, 0, 400))
    assert [one["step"] for one in back.steps] == ["line", "freight_back"]


def test_nothing_of_a_line_is_nothing() -> None:
    assert balance().share_of(0) == 0
    assert balance(1, 500, gone_quantity=1, gone_fen=500).share_of(0) == 0


def test_which_line_was_wrong_is_said() -> None:
    one, stranger = balance(), LineId(uuid.uuid4())
    for wanted, error in (([(stranger, 1)], LineUnknown), ([(one.line_id, 1), (one.line_id, 1)], LineTwice)):
        with pytest.raises(error) as refused:  # type: ignore[type-var]
            money_back([one], wanted, fault="buyer", before_shipping=False)
        assert refused.value.facts() == {"line_id": str(wanted[0][0])}


def test_less_than_was_paid_is_said_and_more_is_refused_with_the_most() -> None:
    one = balance(1, 1_000)
    amount = money_back([one], [(one.line_id, 1)], fault="buyer", before_shipping=False)
    assert lowered(amount, None) == lowered(amount, 1_000) == (amount, True)
    less, whole = lowered(amount, 400)
    assert (less.total_fen, whole, less.steps) == (400, False, (*amount.steps, {"step": "less", "fen": 400}))
    with pytest.raises(AmountTooHigh) as refused:
        lowered(amount, 1_001)
    assert refused.value.facts() == {"fen": 1_001, "fen_max": 1_000, "yuan_max": "10.00"}


def test_a_lowered_amount_takes_goods_before_freight() -> None:
    lines = [CaseLine(LineId(uuid.uuid4()), 1, 600, 100), CaseLine(LineId(uuid.uuid4()), 1, 300, 50)]
    assert [(line.fen, line.freight_fen) for line in cut(lines, 900)] == [(600, 0), (300, 0)]
    assert [(line.fen, line.freight_fen) for line in cut(lines, 930)] == [(600, 20), (300, 10)]
    assert [(line.fen, line.freight_fen) for line in cut(lines, 90)] == [(60, 0), (30, 0)]
    assert [(line.fen, line.freight_fen) for line in cut(lines, 0)] == [(0, 0), (0, 0)]


def test_a_price_that_fell_is_explained() -> None:
    one, two, three = balance(2, 1_000), balance(1, 500), balance(1, 400)
    asked = [(one.line_id, 2), (two.line_id, 1), (three.line_id, 1)]
    found = price_fall([one, two, three], asked, {one.line_id: 450, two.line_id: 500})
    assert found == Amount(
        (CaseLine(one.line_id, 2, 100, 0), CaseLine(two.line_id, 1, 0, 0), CaseLine(three.line_id, 1, 0, 0)),
        ({"step": "price_fall", "fen": 100, "title": "抽纸", "quantity": 2, "paid": "10.00", "now": "4.50"},),
    )
