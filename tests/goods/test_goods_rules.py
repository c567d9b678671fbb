"""The review of a product, what it is found by, the life of a sample, rates in time and slot fees: each rule at its edge."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args
from uuid import UUID

import pytest

from kaibo.goods.affiliate.rules import Segment, change, next_midnight, rate_at
from kaibo.goods.affiliate.samples import rules as samples
from kaibo.goods.affiliate.slots import rules as slots
from kaibo.goods.catalog import rules as catalog
from kaibo.goods.catalog.rules import Content, Step
from kaibo.goods.contracts import ProductState, StepNotAllowed
from kaibo.goods.contracts.samples import SampleFactMissing, SampleState, SampleStepNotAllowed
from kaibo.goods.contracts.slots import SlotStepNotAllowed, SlotTimesInvalid

NOON = datetime(2026, 11, 23, 4, 0, 0, 250, tzinfo=UTC)  # 12:00 in China
MIDNIGHT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PICTURE = UUID("01900000-0000-7000-8000-000000000001")
OTHER_PICTURE = UUID("01900000-0000-7000-8000-000000000002")


# --- products

ALLOWED = {
    ("draft", "submit"): "pending", ("draft", "withdraw"): "withdrawn", ("draft", "revise"): "draft",
    ("pending", "approve"): "approved", ("pending", "refuse"): "refused", ("pending", "withdraw"): "withdrawn",
    ("pending", "revise"): "draft", ("approved", "withdraw"): "withdrawn", ("approved", "revise"): "pending",
    ("refused", "submit"): "pending", ("refused", "withdraw"): "withdrawn", ("refused", "revise"): "draft",
    ("withdrawn", "submit"): "pending", ("withdrawn", "revise"): "draft",
}  # fmt: skip


@pytest.mark.parametrize("state", get_args(ProductState))
@pytest.mark.parametrize("step", get_args(Step))
def test_a_product_takes_the_steps_of_its_review_and_no_other(state: Any, step: Any) -> None:
    if (state, step) in ALLOWED:
        assert catalog.after(state, step) == ALLOWED[state, step]
        return
    with pytest.raises(StepNotAllowed) as refused:
        catalog.after(state, step)
    assert refused.value.facts() == {"state": state, "step": step}


CONTENT = Content(
    "抽纸", "paper", "湿水不破", "河北", ("软",), (("层数", "4"),), ("ship_48h",), (PICTURE,), ("10 包", "20 包")
)


def test_without_pictures_or_skus_nothing_can_be_reviewed() -> None:
    assert catalog.missing(CONTENT) == []
    assert catalog.missing(dataclasses.replace(CONTENT, picture_ids=())) == ["pictures"]
    assert catalog.missing(dataclasses.replace(CONTENT, sku_names=())) == ["skus"]
    assert catalog.missing(dataclasses.replace(CONTENT, picture_ids=(), sku_names=())) == ["pictures", "skus"]


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, False),
        ({"sku_names": ("10 包",)}, False),
        ({"sku_names": ("20 包", "10 包")}, False),
        ({"sku_names": ("10 包", "20 包", "30 包")}, True),
        ({"sku_names": ("10 包", "21 包")}, True),
        ({"title": "面巾纸"}, True),
        ({"category_key": "food"}, True),
        ({"description": "x"}, True),
        ({"origin": "山东"}, True),
        ({"selling_points": ()}, True),
        ({"attributes": (("层数", "3"),)}, True),
        ({"service_tags": ()}, True),
        ({"picture_ids": (OTHER_PICTURE,)}, True),
    ],
)
def test_what_a_reviewer_saw_must_be_reviewed_again_when_it_changes(changes: dict[str, Any], differs: bool) -> None:
    assert catalog.differs(CONTENT, dataclasses.replace(CONTENT, **changes)) is differs


@pytest.mark.parametrize(("left", "state"), [(-1, "out"), (0, "out"), (1, "low"), (10, "low"), (11, "in")])
def test_ten_pieces_are_few_and_none_is_out(left: int, state: str) -> None:
    assert catalog.stock_state(left) == state


def test_a_product_is_found_by_characters_by_pinyin_and_by_initials() -> None:
    assert catalog.search_text("紫皮大蒜 5斤") == "紫皮大蒜 5斤 zipidasuan 5jin zpds 5j"
    assert catalog.search_text("ＡＢ Tea") == "ab tea ab tea ab tea", (
        "folded: full width and capitals are the same words"
    )


def test_a_search_has_at_most_eight_words_of_the_first_sixty_characters() -> None:
    assert catalog.search_words("  大蒜  ＴＥＡ\t紫皮 ") == ["大蒜", "tea", "紫皮"]
    assert catalog.search_words("a b c d e f g h i j") == list("abcdefgh")
    assert catalog.search_words("x" * 59 + "yz") == ["x" * 59 + "y"]


def test_the_first_name_that_stands_twice_is_named() -> None:
    assert catalog.repeated(["a", "b", "c"]) is None
    assert catalog.repeated(["a", "b", "c", "b", "a"]) == "b"
    assert catalog.repeated([]) is None


# --- samples

LIFE = {
    ("asked", "approve", "shop"): "approved", ("asked", "refuse", "shop"): "refused",
    ("asked", "withdraw", "creator"): "withdrawn", ("asked", "lapse", "system"): "lapsed",
    ("approved", "ship", "shop"): "shipped", ("approved", "refuse", "shop"): "refused",
    ("approved", "withdraw", "creator"): "withdrawn", ("approved", "lapse", "system"): "lapsed",
    ("shipped", "receive", "creator"): "received", ("shipped", "receive", "system"): "received",
    ("received", "send_back", "creator"): "returning", ("received", "let_keep", "shop"): "kept",
    ("returning", "take_back", "shop"): "returned", ("returning", "take_back", "system"): "returned",
}  # fmt: skip
ALL_STATES: tuple[SampleState, ...] = get_args(SampleState)
ALL_STEPS = sorted({step for _, step, _ in LIFE})


@pytest.mark.parametrize("state", ALL_STATES)
@pytest.mark.parametrize("actor", ["creator", "shop", "system"])
def test_each_side_takes_its_own_steps_of_a_sample(state: SampleState, actor: Any) -> None:
    mine = [step for step in ALL_STEPS if (state, step, actor) in LIFE]
    assert sorted(samples.steps(state, actor)) == mine
    for step in ALL_STEPS:
        if step in mine:
            assert samples.after(state, step, actor, returns=True) == LIFE[state, step, actor]  # type: ignore[arg-type]
            continue
        with pytest.raises(SampleStepNotAllowed) as refused:
            samples.after(state, step, actor, returns=True)  # type: ignore[arg-type]
        assert refused.value.facts() == {"state": state, "step": step}


def test_what_need_not_come_back_is_kept_when_it_is_received() -> None:
    assert samples.after("shipped", "receive", "creator", returns=False) == "kept"
    assert samples.after("approved", "ship", "shop", returns=False) == "shipped"


def test_a_step_that_needs_facts_gets_them() -> None:
    def check(step: Any, **facts: str) -> None:
        samples.check_facts(step, **({"reason": "", "carrier": "", "tracking_number": ""} | facts))

    for step in ("approve", "withdraw", "receive", "let_keep", "take_back", "lapse"):
        check(step)
    check("refuse", reason="已送完")
    for step in ("ship", "send_back"):
        check(step, carrier="顺丰", tracking_number="SF1")
        for facts, missing in (({"carrier": "顺丰"}, "tracking_number"), ({"tracking_number": "SF1"}, "carrier")):
            with pytest.raises(SampleFactMissing) as refused:
                check(step, **facts)
            assert refused.value.facts() == {"missing": missing}
    with pytest.raises(SampleFactMissing) as refused:
        check("refuse", carrier="顺丰", tracking_number="SF1")
    assert refused.value.facts() == {"missing": "reason"}


@pytest.mark.parametrize(
    ("state", "days"),
    [
        ("asked", 3),
        ("approved", 3),
        ("shipped", 10),
        ("received", 20),
        ("returning", 10),
        ("kept", None),
        ("lapsed", None),
    ],
)
def test_a_state_of_a_sample_has_to_be_left_in_time(state: SampleState, days: int | None) -> None:
    assert samples.due_at(state, NOON, 20) == (None if days is None else NOON + days * DAY)


def test_what_is_kept_need_not_be_sent_back() -> None:
    assert samples.due_at("received", NOON, None) is None


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (datetime(2026, 11, 23, 4, 5, 6, 7, tzinfo=UTC), datetime(2026, 10, 31, 16, tzinfo=UTC)),
        (datetime(2026, 11, 30, 15, 59, tzinfo=UTC), datetime(2026, 10, 31, 16, tzinfo=UTC)),
        (datetime(2026, 11, 30, 16, 0, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC)),
    ],
)
def test_a_month_begins_at_midnight_in_china(now: datetime, start: datetime) -> None:
    tokyo = timezone(timedelta(hours=9))
    for zone in (UTC, tokyo):
        found = samples.month_start(now.astimezone(zone))
        assert (found, found.tzinfo) == (start, zone)


# --- rates in time


def test_the_next_midnight_is_that_of_china_in_the_zone_of_the_question() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert (next_midnight(NOON), next_midnight(NOON).tzinfo) == (MIDNIGHT, UTC)
    assert (next_midnight(NOON.astimezone(tokyo)), next_midnight(NOON.astimezone(tokyo)).tzinfo) == (MIDNIGHT, tokyo)
    assert next_midnight(MIDNIGHT) == MIDNIGHT + DAY


def test_a_rate_counts_from_its_start_up_to_its_end() -> None:
    made = change([], 500, now=NOON, start=NOON + HOUR, end=NOON + 2 * DAY)
    assert made == [Segment(500, NOON + HOUR, NOON + 2 * DAY)]
    assert rate_at(made, NOON) is None
    assert rate_at(made, NOON + 2 * DAY) is None


def test_after_its_end_a_rate_that_replaced_another_leaves_none() -> None:
    before = [Segment(300, NOON - DAY, None)]
    made = change(before, 500, now=NOON, end=MIDNIGHT + HOUR)
    assert made == [Segment(300, NOON - DAY, NOON), Segment(500, NOON, MIDNIGHT + HOUR)]
    kept = change(before, 500, now=NOON, end=NOON + HOUR)
    assert [rate_at(kept, at) for at in (NOON, NOON + HOUR, MIDNIGHT)] == [500, 300, None], (
        "what was promised till midnight"
    )


def test_a_rate_that_is_worth_as_much_as_none_may_go_at_once() -> None:
    before = [Segment(500, NOON - DAY, None)]
    assert change(before, None, now=NOON, fallback_bps=500) == [Segment(500, NOON - DAY, NOON)]
    assert change(before, None, now=NOON, fallback_bps=499)[-1] == Segment(500, NOON - DAY, MIDNIGHT)


def test_of_two_changes_at_one_instant_the_last_counts() -> None:
    first = change([], 500, now=NOON)
    assert change(first, 600, now=NOON) == [Segment(600, NOON, None)]


# --- slot fees

SLOT_LIFE = {
    "proposed": {"sign": "signed", "decline": "declined", "withdraw": "withdrawn", "lapse": "lapsed"},
    "signed": {"hold": "held", "fail": "unfunded", "cancel": "cancelled", "lapse": "lapsed"},
    "unfunded": {"retry": "signed", "cancel": "cancelled", "lapse": "lapsed"},
    "held": {"cancel": "cancelled", "measure": "measuring"},
    "measuring": {"settle": "settled"},
}


def test_a_slot_contract_walks_its_life() -> None:
    steps = {step for following in SLOT_LIFE.values() for step in following}
    for state in (*SLOT_LIFE, "settled", "declined"):
        for step in steps:
            expected = SLOT_LIFE.get(state, {}).get(step)
            if expected:
                assert slots.after(state, step) == expected  # type: ignore[arg-type]
                continue
            with pytest.raises(SlotStepNotAllowed) as refused:
                slots.after(state, step)  # type: ignore[arg-type]
            assert refused.value.facts() == {"state": state, "step": step}


def test_a_slot_lasts_up_to_a_month() -> None:
    slots.check_times(NOON + HOUR, NOON + HOUR + 31 * DAY, NOON)
    with pytest.raises(SlotTimesInvalid) as refused:
        slots.check_times(NOON + HOUR, NOON + HOUR + 31 * DAY + timedelta(seconds=1), NOON)
    assert refused.value.facts() == {"days_max": 31}


@pytest.mark.parametrize(("gmv_fen", "kept"), [(-5_000, 0), (0, 0), (1, 10), (50, 500), (100, 1_000), (101, 1_000)])
def test_who_sold_nothing_earned_nothing_of_a_promise_of_sales(gmv_fen: int, kept: int) -> None:
    assert slots.earned(1_000, pitch_seconds=0, pitch_minutes_min=0, gmv_fen=gmv_fen, gmv_fen_min=100) == kept


def test_what_both_signed_is_the_sha_256_of_its_terms_in_order() -> None:
    written = (
        f'{{"begins": "2026-11-23 16:00:00+00:00", "fee_fen": 5000, "products": ["{PICTURE}", "{OTHER_PICTURE}"]}}'
    )
    terms = {"fee_fen": 5_000, "begins": MIDNIGHT}
    for products in ([PICTURE, OTHER_PICTURE], [OTHER_PICTURE, PICTURE]):
        assert slots.fingerprint(terms, products) == hashlib.sha256(written.encode()).hexdigest()
