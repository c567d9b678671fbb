"""Money: splits sum exactly, shares never exceed, no float anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.kernel.money import bps_of, split, yuan

amounts = st.integers(-(10**13), 10**13)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any)


@given(amounts, weights)
def test_a_split_sums_to_its_total(total: int, by: list[int]) -> None:
    assert sum(split(total, by)) == total


@given(st.integers(0, 10**13), weights)
def test_a_part_is_within_one_fen_of_its_exact_share(total: int, by: list[int]) -> None:
    for part, weight in zip(split(total, by), by, strict=True):
        assert abs(part * sum(by) - total * weight) < sum(by)


@given(amounts, weights)
def test_a_weight_of_nothing_gets_nothing(total: int, by: list[int]) -> None:
    assert all(part == 0 for part, weight in zip(split(total, [*by, 0]), [*by, 0], strict=True) if weight == 0)


@pytest.mark.parametrize("by", [[], [0, 0], [1, -1]])
def test_weights_that_mean_nothing_are_refused(by: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(100, by)


@given(amounts, st.integers(0, 10_000))
def test_basis_points_never_exceed_the_amount(amount: int, bps: int) -> None:
    assert abs(bps_of(amount, bps)) <= abs(amount)
    assert bps_of(-amount, bps) == -bps_of(amount, bps)


@pytest.mark.parametrize(
    ("fen", "words"), [(2990, "29.90"), (5, "0.05"), (0, "0.00"), (-101, "-1.01"), (10**12, "10000000000.00")]
)
def test_yuan_always_has_two_decimals(fen: int, words: str) -> None:
    assert yuan(fen) == words


@pytest.mark.parametrize("bps", [-1, 10_001])
def test_basis_points_beyond_the_whole_are_refused(bps: int) -> None:
    with pytest.raises(ValueError) as wrong:
        bps_of(100, bps)
    assert str(wrong.value) == f"basis points must lie in 0..10000, got {bps}"
    assert (bps_of(100, 0), bps_of(100, 10_000), bps_of(-199, 5_000)) == (0, 100, -99)


@pytest.mark.parametrize("by", [[], [1, -1], [0, 0]])
def test_what_was_wrong_with_weights_is_said(by: list[int]) -> None:
    with pytest.raises(ValueError) as wrong:
        split(100, by)
    assert str(wrong.value) == f"weights must be non-negative with a positive sum, got {by}"
