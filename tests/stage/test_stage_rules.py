"""Broadcast steps, readiness, bag order, pitch cuts, tick sampling, presence, board ratios: pure rules."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.kernel.ids import new_id
from kaibo.stage.bag import rules as bag
from kaibo.stage.board import rules as board
from kaibo.stage.broadcasts import rules as broadcasts
from kaibo.stage.contracts import BagOrderStale, NotReadyToGoLive, StepNotAllowed
from kaibo.stage.live import rules as live
from kaibo.stage.live.presence import Presence
from kaibo.stage.pitches.rules import Cut, cut
from kaibo.stage.wire import ChatEventWire

STATES = ("draft", "rehearsal", "live", "ended")
states = st.sampled_from(STATES)


@given(st.lists(states, max_size=20))
def test_no_path_leads_back_or_past_the_rehearsal(wanted: list[broadcasts.BroadcastState]) -> None:
    state: broadcasts.BroadcastState = "draft"
    walked = [state]
    for to in wanted:
        try:
            state = broadcasts.step(state, to)
        except StepNotAllowed:
            continue
        walked.append(state)
    assert [STATES.index(s) for s in walked] == sorted({STATES.index(s) for s in walked})
    if "live" in walked:
        assert walked[:3] == ["draft", "rehearsal", "live"]


READY = broadcasts.Readiness(
    operator_name="江山木门厂",
    safety_notice="理性消费",
    realname_state="verified",
    bag_items=3,
    bag_items_approved=3,
    sellers=2,
    sellers_named=2,
    publishing=True,
)


def test_a_ready_broadcast_lacks_nothing() -> None:
    assert broadcasts.missing(READY) == []
    broadcasts.require_ready(READY)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"operator_name": " "}, "operator_name"),
        ({"safety_notice": ""}, "safety_notice"),
        ({"realname_state": "stale"}, "realname"),
        ({"bag_items": 0, "bag_items_approved": 0, "sellers": 0, "sellers_named": 0}, "bag"),
        ({"bag_items_approved": 2}, "products"),
        ({"sellers_named": 1}, "seller_notice"),
        ({"publishing": False}, "stream"),
    ],
)
def test_each_missing_thing_is_named(change: dict[str, object], key: str) -> None:
    assert broadcasts.missing(broadcasts.Readiness(**(READY.__dict__ | change))) == [key]


def test_everything_missing_is_named_at_once_and_in_words() -> None:
    bare = broadcasts.Readiness("", "", "none", 0, 0, 0, 0, False)
    with pytest.raises(NotReadyToGoLive) as refused:
        broadcasts.require_ready(bare)
    needs = refused.value.missing
    assert needs == ["realname", "operator_name", "safety_notice", "bag", "stream"]
    assert "推流画面" in f"{needs:zh}"
    assert "a stream that is being pushed" in f"{needs:en}"


@given(st.lists(st.uuids(), unique=True, max_size=20), st.randoms())
def test_any_order_of_the_whole_bag_is_numbered_from_one(items: list[UUID], random: Random) -> None:
    wanted = random.sample(items, len(items))
    assert bag.renumbered(items, wanted) == {item: n for n, item in enumerate(wanted, start=1)}


def test_an_order_of_another_bag_is_refused() -> None:
    a, b, c = uuid4(), uuid4(), uuid4()
    for wanted in ([a], [a, b, c], [a, a], [a, b, b], [a, c]):
        with pytest.raises(BagOrderStale):
            bag.renumbered([a, b], wanted)


@pytest.mark.parametrize(
    ("pitch", "file", "piece"),
    [
        ((10_000, 40_000), (0, 3_600_000), Cut(10_000, 40_000)),
        ((10_000, 40_000), (5_000, 60_000), Cut(5_000, 35_000)),
        ((10_000, 40_000), (20_000, 60_000), Cut(0, 20_000)),
        ((10_000, 40_000), (0, 30_000), Cut(10_000, 30_000)),
        ((10_000, 40_000), (39_500, 60_000), None),
        ((10_000, 40_000), (50_000, 60_000), None),
    ],
)
def test_a_pitch_is_found_on_the_recordings_clock(
    pitch: tuple[int, int], file: tuple[int, int], piece: Cut | None
) -> None:
    """(file start, file duration); a piece under a second is none."""
    assert cut(*pitch, *file) == piece


def _event(kind: str = "line", ref: str = "a", role: str | None = None) -> ChatEventWire:
    return ChatEventWire.model_validate(
        {
            "id": new_id(),
            "kind": kind,
            "name": "x",
            "text": "y",
            "role": role,
            "person_ref": ref,
            "at": datetime.now(UTC),
        }
    )


@given(st.lists(st.sampled_from("abcdefgh"), max_size=300), st.integers(0, 50), st.integers())
def test_a_tick_never_holds_more_than_its_lines(refs: list[str], crew: int, seed: int) -> None:
    events = [_event(ref=r) for r in refs] + [_event(role="host") for _ in range(crew)]
    chosen = live.sample(events, Random(seed))
    assert len(chosen) == min(len(events), live.TICK_LINES_MAX)
    assert sum(e.role is not None for e in chosen) == min(crew, live.TICK_LINES_MAX)
    places = [events.index(e) for e in chosen]
    assert places == sorted(places)


def test_one_loud_person_does_not_silence_the_others() -> None:
    loud = [_event(ref="loud") for _ in range(500)]
    quiet = [_event(ref=f"quiet{n}") for n in range(30)]
    chosen = live.sample([*loud, *quiet], Random(1))
    assert sum(e.person_ref != "loud" for e in chosen) == 30


def test_entries_leave_room_for_lines() -> None:
    events = [_event("enter", ref=f"p{n}") for n in range(10)] + [_event()]
    kinds = [e.kind for e in live.sample(events, Random(1))]
    assert kinds == ["enter", "enter", "line"]


def test_online_counts_viewers_not_pages_and_forgets_after_thirty_seconds() -> None:
    presence, viewer = Presence(), uuid4()
    phone, desk = uuid4(), uuid4()
    presence.see(phone, viewer, 0)
    presence.see(desk, viewer, 10)
    presence.see(uuid4(), uuid4(), 20)
    assert presence.online(30) == 2
    assert presence.online(40) == 2
    assert presence.online(41) == 1
    assert presence.see_again(phone, 41) is False
    assert presence.online(51) == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=60))
def test_presence_agrees_with_counting_by_hand(sightings: list[tuple[int, int]]) -> None:
    watches = [uuid4() for _ in range(6)]
    viewers = [uuid4() for _ in range(3)]
    presence, last, at = Presence(), {}, 0
    for which, gap in sightings:
        at += gap
        presence.see(watches[which], viewers[which % 3], at)
        last[which] = at
        assert presence.online(at) == len({w % 3 for w, seen in last.items() if at - seen <= 30})


def test_ratios_of_nobody_are_zero() -> None:
    assert (board.per(100, 0), board.per_thousand(100, 0), board.share(1, 0), board.seconds_each(9, 0)) == (0, 0, 0, 0)


def test_ratios_round_half_up() -> None:
    assert board.per(5, 2) == 3
    assert board.per_thousand(2990, 7) == 427_143
    assert board.share(1, 3) == 0.3333
    assert board.seconds_each(90_000, 4) == 22.5
