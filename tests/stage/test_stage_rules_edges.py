"""The bag's order, the board's figures, what going live needs, chat lines, ticks and cuts: each rule at its edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from kaibo.kernel.ids import new_id
from kaibo.stage.bag.rules import renumbered
from kaibo.stage.board import rules as board
from kaibo.stage.broadcasts import rules as broadcasts
from kaibo.stage.chat import rules as chat
from kaibo.stage.contracts import BagOrderStale
from kaibo.stage.live import rules as live
from kaibo.stage.pitches.rules import Cut, cut
from kaibo.stage.wire import ChatEventWire

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
A, B, C, D = (UUID(int=number) for number in range(1, 5))


def test_a_stale_order_of_the_bag_is_told_what_is_missing_and_what_is_too_much() -> None:
    assert renumbered([A, B, C], [C, A, B]) == {C: 1, A: 2, B: 3}
    for wanted, missing, unknown in (
        ([A, B], [C], []),
        ([A, B, C, D], [], [D]),
        ([A, B, B, C], [], [B]),
        ([B, D, D], [A, C], [D]),
    ):
        with pytest.raises(BagOrderStale) as refused:
            renumbered([A, B, C], wanted)
        assert refused.value.facts() == {
            "missing": [str(one) for one in missing],
            "unknown": [str(one) for one in unknown],
        }


def test_figures_of_one_are_figures_and_figures_of_nobody_are_nothing() -> None:
    assert [board.per(7, count) for count in (0, 1, 2)] == [0, 7, 4]
    assert [board.share(part, whole) for part, whole in ((1, 0), (1, 1), (2, 3))] == [0.0, 1.0, 0.6667]
    assert [board.seconds_each(total, count) for total, count in ((5, 0), (5_000, 1), (10_000_000, 3))] == [
        0,
        5.0,
        3333.3,
    ]


READY = broadcasts.Readiness("江山木门厂", "理性消费", "verified", 1, 1, 1, 1, True)


def test_one_item_of_one_named_seller_is_enough() -> None:
    assert broadcasts.missing(READY) == []
    assert broadcasts.missing(replace(READY, sellers=0, sellers_named=0)) == ["seller_notice"]
    assert broadcasts.missing(replace(READY, bag_items=0, bag_items_approved=0, sellers=0, sellers_named=0)) == ["bag"]


# --- chat

NONCHARACTERS = [0xFDD0, 0xFDD1, 0xFDEE, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x1FFFF, 0x10FFFE, 0x10FFFF]


def test_noncharacters_go_and_their_neighbours_stay() -> None:
    for point in NONCHARACTERS:
        assert chat.clean(f"好{chr(point)}的") == "好的", hex(point)
    for point in (0xFDCF, 0xFDF0, 0xFFFD, 0x20000):
        assert chat.clean(f"好{chr(point)}的") == f"好{chr(point)}的", hex(point)


def test_three_marks_stay_wherever_they_stand() -> None:
    marks = "\u0336" * 9
    assert chat.clean(f"a{marks}b{marks}") == f"a{marks[:3]}b{marks[:3]}"
    assert chat.clean(marks) == marks[:3]


@pytest.mark.parametrize(
    ("burst", "seconds_ago", "wait"), [(3, 0.0, 3), (3, 2.5, 1), (3, 3.0, 0), (1, 0.2, 1), (5, 1.0, 4)]
)
def test_a_burst_of_lines_needs_as_many_seconds(burst: int, seconds_ago: float, wait: int) -> None:
    said_at = [NOW] * (burst - 1) + [NOW - timedelta(seconds=seconds_ago)]
    assert chat.wait_for_rate(said_at, NOW, burst) == wait
    assert chat.wait_for_rate(said_at[:-1], NOW, burst) == 0


# --- ticks


def event(kind: str = "line", ref: str | None = None, role: str | None = None) -> ChatEventWire:
    fields = {"id": new_id(), "kind": kind, "name": "x", "text": "y", "role": role, "person_ref": ref, "at": NOW}
    return ChatEventWire.model_validate(fields)


def test_a_crowded_room_ticks_slower() -> None:
    assert [live.tick_seconds(online) for online in (0, 50_000, 50_001)] == [0.2, 0.2, 1.0]


@pytest.mark.parametrize("entries", [0, 1, 2, 3, 5])
def test_the_newest_two_who_enter_are_shown(entries: int) -> None:
    events = [event("enter", str(at)) for at in range(entries)]
    assert live.sample(events, Random(1)) == events[-2:]


def test_who_has_no_name_counts_as_somebody_of_their_own() -> None:
    events = [event(ref="loud"), *(event() for _ in range(9))]
    drawn = [live.sample(events, Random(seed), lines_max=2) for seed in range(60)]
    loud = sum(events[0] in lines for lines in drawn)
    assert 3 <= loud <= 24, "two of ten, and not one of two"


def test_the_crews_lines_are_of_the_same_forty() -> None:
    events = [event(role="host", ref="h"), event("system"), *(event(ref=str(at)) for at in range(20))]
    for lines_max in (1, 2, 3, 5, 21, 22):
        lines = live.sample(events, Random(2), lines_max=lines_max)
        assert len(lines) == lines_max
        assert lines[: min(2, lines_max)] == events[: min(2, lines_max)]


# --- cuts


@pytest.mark.parametrize(
    ("begins", "ends", "found"),
    [
        (5_000, 5_999, None),
        (5_000, 6_000, Cut(5_000, 6_000)),
        (-5_000, 1_000, Cut(0, 1_000)),
        (-5_000, 999, None),
        (59_000, 90_000, Cut(59_000, 60_000)),
        (59_001, 90_000, None),
        (70_000, 90_000, None),
    ],
)
def test_a_cut_is_what_the_file_holds_of_a_pitch_if_it_is_a_second_or_more(
    begins: int, ends: int, found: Cut | None
) -> None:
    file_start = 1_700_000_000_000
    assert cut(file_start + begins, file_start + ends, file_start, 60_000) == found
