"""What of a slot fee was earned; who may take which step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.goods.affiliate.slots import rules
from kaibo.goods.contracts.slots import SlotStepNotAllowed, SlotTimesInvalid

NOW = datetime(2026, 11, 23, tzinfo=UTC)
figures = st.integers(0, 10**9)


@given(st.integers(1, 10**8), figures, st.integers(0, 600), st.integers(-(10**9), 10**9), figures)
def test_between_nothing_and_the_whole_fee(fee: int, seconds: int, minutes: int, gmv: int, gmv_min: int) -> None:
    earned = rules.earned(fee, pitch_seconds=seconds, pitch_minutes_min=minutes, gmv_fen=gmv, gmv_fen_min=gmv_min)
    assert 0 <= earned <= fee
    if seconds >= minutes * 60 and gmv >= gmv_min:
        assert earned == fee
    more = rules.earned(fee, pitch_seconds=seconds + 1, pitch_minutes_min=minutes, gmv_fen=gmv + 1, gmv_fen_min=gmv_min)
    assert more >= earned


def test_the_promise_that_was_kept_worse_decides() -> None:
    half = {"pitch_seconds": 300, "pitch_minutes_min": 10, "gmv_fen": 90_000, "gmv_fen_min": 100_000}
    assert rules.earned(10_001, **half) == 5_000
    assert rules.earned(10_000, **{**half, "pitch_seconds": 600}) == 9_000
    assert rules.earned(10_000, **{**half, "pitch_minutes_min": 0, "gmv_fen_min": 0}) == 10_000


def test_only_stated_steps() -> None:
    with pytest.raises(SlotStepNotAllowed):
        rules.after("proposed", "hold")
    with pytest.raises(SlotStepNotAllowed):
        rules.after("settled", "cancel")
    assert rules.may_cancel("held", NOW + timedelta(seconds=1), NOW)
    assert not rules.may_cancel("held", NOW, NOW)
    assert not rules.may_cancel("proposed", NOW + timedelta(days=1), NOW)


@pytest.mark.parametrize(("start", "end"), [(0, 1), (1, 1), (2, 1), (1, 1 + 24 * 32)])
def test_times_that_make_no_sense(start: int, end: int) -> None:
    with pytest.raises(SlotTimesInvalid):
        rules.check_times(NOW + timedelta(hours=start), NOW + timedelta(hours=end), NOW)


def test_the_fingerprint_is_of_every_term() -> None:
    terms = {"title": "a", "fee_fen": 1}
    assert rules.fingerprint(terms, []) == rules.fingerprint(dict(reversed(terms.items())), [])
    assert rules.fingerprint(terms, []) != rules.fingerprint({**terms, "fee_fen": 2}, [])
