"""Tracking numbers are checked as far as their shape goes."""

from __future__ import annotations

import pytest

from kaibo.trade.contracts import BadTrackingNumber, UnknownCarrier
from kaibo.trade.shipping import carriers


@pytest.mark.parametrize("carrier", carriers.CARRIERS)
def test_each_carriers_example_is_one_of_its_numbers(carrier: str) -> None:
    assert carriers.check(carrier, carriers.CARRIERS[carrier].shape) == carriers.CARRIERS[carrier].shape


@pytest.mark.parametrize("carrier", carriers.CARRIERS)
@pytest.mark.parametrize("number", ["", "1", "单号", "https://x", "<b>", "0" * 41, "26112357600000123456"])
def test_what_is_no_tracking_number_is_refused_with_an_example(carrier: str, number: str) -> None:
    with pytest.raises(BadTrackingNumber) as refused:
        carriers.check(carrier, number)
    assert refused.value.shape


def test_blanks_and_small_letters_are_forgiven() -> None:
    assert carriers.check("sf", " sf1234 5678 90123 ") == "SF1234567890123"


def test_an_unknown_carrier_is_named() -> None:
    with pytest.raises(UnknownCarrier) as refused:
        carriers.check("pigeon", "1234567890123")
    assert refused.value.carrier == "pigeon"


def test_every_carrier_has_a_name_in_both_languages() -> None:
    for key in carriers.CARRIERS:
        assert carriers.name(key, "zh")
        assert carriers.name(key, "en").isascii()
