"""The schedule of deliveries and the addresses that may be called, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kaibo.open.webhooks import rules

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 270), (0.25, 285), (0.5, 300), (0.75, 315)])
def test_chance_spreads_an_attempt_from_a_tenth_before_to_a_tenth_after(chance: float, seconds: float) -> None:
    assert rules.next_attempt(NOW, 2, chance=chance) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://shop.example:1/", None),
        ("https://shop.example:0/", "malformed"),
        ("https://shop.example/!", None),
        ("https://shop.example/a b", "malformed"),
        ("https://shop.example/\x1f", "malformed"),
        ("https://shop.example/\x7f", "malformed"),
        ("https://shop.example/~", None),
        ("https://me@shop.example/", "password"),
        ("https://me:secret@shop.example/", "password"),
    ],
)
def test_an_address_is_refused_for_what_stands_in_it(url: str, problem: str | None) -> None:
    assert rules.url_problem(url, private_allowed=False) == problem
