"""Phones, names, passwords, licences, identity numbers, agreements and tokens: each rule at its edge."""

from __future__ import annotations

import string
import zlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.people.accounts import rules as accounts
from kaibo.people.agencies import rules as agencies
from kaibo.people.merchants import rules as merchants
from kaibo.people.realname import rules as realname
from kaibo.people.realname.rules import Record, Standing
from kaibo.people.tokens import rules as tokens

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
STAFF = {"username": "alice", "password": "long enough to keep", "totp_secret": None, "roles": ("operator",)}
LICENCE_OF_A_REAL_SHAPE = "91130607MA0000000"


# --- phones and names


@pytest.mark.parametrize(
    "written", ["8613812341234", "13812341234567", "86138123412", "1381234123486", "+8686138123412", "4413812341234"]
)
def test_the_country_code_is_taken_off_once_and_only_where_eleven_digits_follow(written: str) -> None:
    assert accounts.phone_number(written) == ("13812341234" if written == "8613812341234" else None)


def test_a_masked_phone_shows_the_first_three_and_the_last_four() -> None:
    assert accounts.mask_phone("13856781234") == "138****1234"
    assert (accounts.mask_phone(None), accounts.mask_phone("")) == ("", "")


def test_a_nickname_is_kept_with_its_spaces_tidied_up_to_its_length() -> None:
    assert accounts.nickname("  云南 \t 蒜姐 ") == "云南 蒜姐"
    assert accounts.nickname("蒜" * 20) == "蒜" * 20
    assert accounts.nickname("蒜" * 21) is None
    assert accounts.nickname(" \n ") is None
    assert accounts.nickname("e\u0301lan") == "\u00e9lan", "composed, so that one name is one string"


# --- staff


def problem(**changes: Any) -> str | None:
    return accounts.staff_problem(**(STAFF | changes))


@pytest.mark.parametrize(
    "fine",
    [
        {},
        {"username": "abc"},
        {"username": "a" + "b" * 31},
        {"password": "x" * 12},
        {"password": "x" * 128},
        {"totp_secret": "A" * 24},
        {"totp_secret": "A" * 64},
        {"roles": ("reviewer", "operator")},
    ],
)
def test_a_staff_account_within_the_limits_is_made(fine: dict[str, Any]) -> None:
    assert problem(**fine) is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"username": "ab"}, "the user name needs 3–32 characters: a–z, 0–9, '_', '.', '-', and a letter first"),
        (
            {"username": "a" + "b" * 32},
            "the user name needs 3–32 characters: a–z, 0–9, '_', '.', '-', and a letter first",
        ),
        ({"password": "x" * 11}, "the password needs 12–128 characters"),
        ({"password": "x" * 129}, "the password needs 12–128 characters"),
        ({"password": "My-ALICE-2026"}, "the password must not contain the user name"),
        ({"totp_secret": "A" * 23}, "the TOTP secret needs 24–64 characters of base32 (A–Z, 2–7), best 32"),
        ({"totp_secret": ""}, "the TOTP secret needs 24–64 characters of base32 (A–Z, 2–7), best 32"),
        ({"totp_secret": "A" * 25}, "the TOTP secret needs 24–64 characters of base32 (A–Z, 2–7), best 32"),
        ({"roles": ()}, "roles: operator, reviewer, or both"),
        ({"roles": ("operator", "king")}, "roles: operator, reviewer, or both"),
    ],
)
def test_what_is_wrong_with_a_staff_account_is_said(wrong: dict[str, Any], said: str) -> None:
    assert problem(**wrong) == said


# --- one-time codes


def test_the_limits_on_codes_are_those_of_the_house_times_its_scale() -> None:
    def table(scale: float) -> list[tuple[str, int, int]]:
        return [(w.per, w.seconds, w.most) for w in accounts.code_windows(scale)]

    assert table(1) == [("phone", 3_600, 5), ("phone", 86_400, 10), ("ip", 3_600, 30), ("ip", 86_400, 100)]
    assert [most for *_, most in table(10)] == [50, 100, 300, 1_000]
    assert [most for *_, most in table(0.001)] == [1, 1, 1, 1], "a scale never locks everybody out"
    assert [accounts.code_gap_seconds(scale) for scale in (0.5, 1, 2, 1_000)] == [120, 60, 30, 1]


# --- licences


def test_the_check_character_of_a_licence_is_the_standards_sum() -> None:
    """Held against GB 32100-2015 written out: weights 1, 3, 9, 27, 19, 26 … are 3^i mod 31."""
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(c) * w for c, w in zip(LICENCE_OF_A_REAL_SHAPE, weights, strict=True))
    assert merchants.licence_check_character(LICENCE_OF_A_REAL_SHAPE) == alphabet[(31 - total % 31) % 31]


# --- identity


def numbered(first_17: str) -> str:
    return first_17 + realname.id_check_character(first_17)


def test_a_check_character_is_of_seventeen_digits_and_nothing_else() -> None:
    with pytest.raises(ValueError):
        realname.id_check_character("1101011990030700")


def test_an_identity_number_is_read_through_blanks_and_small_letters() -> None:
    assert realname.id_number(" 110105 19491231\t002x ") == "11010519491231002X"  # the standard's own example


@pytest.mark.parametrize(
    ("first_17", "good"),
    [
        ("11010119000101001", True),
        ("11010118991231001", False),
        ("11010119900230001", False),
        ("10010119900307001", False),
        ("71010119900307001", True),
        ("82010119900307001", True),
    ],
)
def test_province_and_birthday_of_an_identity_number_must_exist(first_17: str, good: bool) -> None:
    assert (realname.id_number(numbered(first_17)) is not None) == good


def test_the_birthday_stands_in_the_number() -> None:
    assert realname.birth_of("11010519491231002X") == date(1949, 12, 31)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("欧阳修", "欧阳修"),
        (" 欧 ", None),
        ("买买提·艾力", "买买提·艾力"),
        ("买买提•艾力", "买买提·艾力"),
        ("买买提．艾力", "买买提·艾力"),
        ("  John   O'Brien-Smith Jr. ", "John O'Brien-Smith Jr."),
        ("欧阳 修", None),
        ("张三1", None),
        ("", None),
    ],
)
def test_a_real_name_is_written_one_way(written: str, name: str | None) -> None:
    assert realname.real_name(written) == name


def test_a_masked_name_shows_its_first_character() -> None:
    assert [realname.mask_name(name) for name in ("欧阳修", "李", "")] == ["欧**", "李", ""]


def record(
    state: str, submitted_days_ago: int, decided_days_ago: int | None = None, reason: str | None = None
) -> Record:
    decided = None if decided_days_ago is None else NOW - decided_days_ago * DAY
    return Record(state, NOW - submitted_days_ago * DAY, decided, reason)


FRESH = record("verified", 11, 10)
OLD = record("verified", 401, 400)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], Standing("none")),
        ([record("pending", 1)], Standing("pending")),
        ([record("refused", 2, 1, "照片不清")], Standing("refused", None, None, "照片不清")),
        ([FRESH], Standing("verified", NOW - 10 * DAY, NOW + 355 * DAY)),
        ([FRESH, record("pending", 1)], Standing("verified", NOW - 10 * DAY, NOW + 355 * DAY)),
        ([FRESH, record("refused", 2, 1, "不符")], Standing("verified", NOW - 10 * DAY, NOW + 355 * DAY)),
        ([OLD], Standing("stale", NOW - 400 * DAY, NOW - 35 * DAY)),
        ([OLD, record("pending", 1)], Standing("pending", NOW - 400 * DAY, NOW - 35 * DAY)),
        ([record("refused", 2, 1, "不符"), OLD], Standing("refused", NOW - 400 * DAY, NOW - 35 * DAY, "不符")),
        ([record("refused", 500, 499, "不符"), OLD], Standing("stale", NOW - 400 * DAY, NOW - 35 * DAY)),
        ([record("refused", 3, 2, "不符"), record("pending", 1)], Standing("pending")),
        ([record("refused", 5, 4, "一"), record("refused", 3, 2, "二")], Standing("refused", None, None, "二")),
        ([record("verified", 1)], Standing("none")),
    ],
)
def test_the_standing_of_a_person_follows_from_all_they_submitted(records: list[Record], expected: Standing) -> None:
    assert realname.standing_of(records, NOW, 365) == expected


def test_a_verification_lasts_to_the_last_instant_of_its_days_and_may_be_renewed_a_month_before() -> None:
    until = NOW + 355 * DAY
    assert realname.standing_of([FRESH], until, 365).state == "verified"
    assert realname.standing_of([FRESH], until + timedelta(microseconds=1), 365).state == "stale"
    assert realname.renew_from(until) == until - 30 * DAY


# --- agencies


def test_a_creator_leaves_after_the_notice_and_an_agency_lets_go_at_once() -> None:
    assert agencies.ends_at(NOW, 30, by_agency=False) == NOW + 30 * DAY
    assert agencies.ends_at(NOW, 30, by_agency=True) == NOW


@pytest.mark.parametrize(
    ("begins", "ends", "runs"),
    [
        (None, None, False),
        (NOW, None, True),
        (NOW + DAY, None, False),
        (NOW - DAY, NOW, False),
        (NOW - DAY, NOW + DAY, True),
        (None, NOW + DAY, False),
    ],
)
def test_an_agreement_runs_from_its_beginning_up_to_its_end(
    begins: datetime | None, ends: datetime | None, runs: bool
) -> None:
    assert agencies.runs(begins, ends, NOW) is runs


# --- tokens


@given(st.text(string.ascii_letters + string.digits, min_size=30, max_size=30))
def test_a_token_carries_the_checksum_of_everything_before_it(random_chars: str) -> None:
    token = tokens.spell(random_chars)
    body = f"kaibo_pat_{random_chars}"
    assert token.startswith(body)
    value = 0
    for digit in token[len(body) :]:
        value = value * 62 + tokens.ALPHABET.index(digit)
    assert (len(token), value) == (len(body) + 6, zlib.crc32(body.encode()))
    assert tokens.well_formed(token)
    other = "a" if token[-1] != "a" else "b"
    assert not tokens.well_formed(token[:-1] + other)
    assert not tokens.well_formed(token + "0")
    assert not tokens.well_formed(body + "!" * 6)
