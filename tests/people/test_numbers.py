"""Checksums of licences and identity numbers, phones, nicknames, ages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.people.accounts import rules as accounts
from kaibo.people.merchants import rules as merchants
from kaibo.people.realname import rules as realname

LICENCE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
licences = st.builds(
    lambda head, place, rest: head + place + rest,
    st.text(LICENCE_LETTERS, min_size=2, max_size=2),
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.text(LICENCE_LETTERS, min_size=9, max_size=9),
).map(lambda first: first + merchants.licence_check_character(first))
births = st.dates(date(1900, 1, 1), date(2030, 12, 31))
numbers = st.builds(
    lambda place, born, order: f"{place}{born:%Y%m%d}{order:03d}",
    st.sampled_from(["110101", "330881", "130607", "532924", "710000"]),
    births,
    st.integers(0, 999),
).map(lambda first: first + realname.id_check_character(first))


@pytest.mark.parametrize(
    "number", ["91350100M000100Y43", "914403001922038216", "91110000802100433B", "9144030071526726XG"]
)
def test_licences_of_real_companies_pass(number: str) -> None:
    assert merchants.licence_number(number.lower()) == number


@given(licences)
def test_a_made_licence_passes(number: str) -> None:
    assert merchants.licence_number(f" {number[:4]} {number[4:]} ") == number


@given(licences, st.integers(0, 17), st.sampled_from(LICENCE_LETTERS))
def test_one_wrong_character_in_a_licence_is_seen(number: str, place: int, letter: str) -> None:
    wrong = number[:place] + letter + number[place + 1 :]
    assert (merchants.licence_number(wrong) is None) == (wrong != number)


@given(licences, st.integers(0, 16))
def test_two_swapped_characters_in_a_licence_are_seen(number: str, place: int) -> None:
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert (merchants.licence_number(wrong) is None) == (wrong != number)


@given(st.text(max_size=30))
def test_no_text_breaks_the_number_checks(text: str) -> None:
    for check in (
        merchants.licence_number,
        realname.id_number,
        accounts.phone_number,
        realname.real_name,
        accounts.nickname,
    ):
        check(text)


def test_the_identity_number_of_the_standard_passes() -> None:
    # GB 11643-1999, annex: 11010519491231002X
    assert realname.id_number("11010519491231002x") == "11010519491231002X"
    assert realname.birth_of("11010519491231002X") == date(1949, 12, 31)


@given(numbers)
def test_a_made_identity_number_passes(number: str) -> None:
    assert realname.id_number(number) == number


@given(numbers, st.integers(0, 16), st.integers(0, 9))
def test_one_wrong_digit_in_an_identity_number_is_seen(number: str, place: int, digit: int) -> None:
    wrong = number[:place] + str(digit) + number[place + 1 :]
    assert (realname.id_number(wrong) is None) == (wrong != number)


@pytest.mark.parametrize(
    "number", ["110105194913310025", "000000194912310021", "11010518991231002X", "1101051949123100"]
)
def test_impossible_identity_numbers_are_refused(number: str) -> None:
    assert realname.id_number(number) is None


@given(numbers)
def test_a_mask_hides_birthday_and_all_but_seven_characters(number: str) -> None:
    masked = realname.mask_number(number)
    assert len(masked) == 18
    assert masked.count("*") == 11
    assert set(masked[3:14]) == {"*"}


@given(births, st.integers(1_800_000_000, 2_800_000_000).map(lambda s: datetime.fromtimestamp(s, UTC)))
def test_age_grows_by_one_on_the_birthday_only(born: date, at: datetime) -> None:
    today = at.astimezone(realname.BEIJING).date()
    years = realname.years_old(born, at)
    if years >= 0:
        assert born.year + years <= today.year
        assert (today.year - born.year - years) in (0, 1)


def test_the_birthday_counts_by_the_calendar_of_beijing() -> None:
    before = datetime(2026, 3, 31, 15, 59, tzinfo=UTC)
    after = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    assert realname.years_old(date(2010, 4, 1), before) == 15
    assert realname.years_old(date(2010, 4, 1), after) == 16


@pytest.mark.parametrize(
    "written", ["13812345678", "+86 138 1234 5678", "0086-138-1234-5678", "86 13812345678", "１３８１２３４５６７８"]
)
def test_a_phone_is_recognised_however_it_is_written(written: str) -> None:
    assert accounts.phone_number(written) == "13812345678"


@pytest.mark.parametrize("written", ["", "12812345678", "1381234567", "138123456789", "+1 5551234567", "٠١٣٨١٢٣٤٥٦"])
def test_what_is_no_mainland_mobile_number_is_refused(written: str) -> None:
    assert accounts.phone_number(written) is None


@pytest.mark.parametrize("wished", ["", "   ", "a" * 21, "小\u200b明", "\u202eevil", "a\x07b"])
def test_nicknames_that_cannot_be_seen_are_refused(wished: str) -> None:
    assert accounts.nickname(wished) is None
