"""What a chat line may be: pure rules, for any text there is."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.stage.chat import rules
from kaibo.stage.chat.say import accepted_text
from kaibo.stage.contracts import ChatEmpty, ChatTooLong

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
nasty = st.text(
    st.one_of(st.characters(), st.sampled_from("\u200b\u200d\u202e\u2066\ufeff\x00\x1b\n\t\u0301\u3164\ufdfa"))
)


@given(nasty)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert rules.clean(rules.clean(text)) == rules.clean(text)


@given(nasty)
def test_a_clean_line_holds_nothing_invisible(text: str) -> None:
    line = rules.clean(text)
    assert not [c for c in line if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}]
    assert line == line.strip()
    assert "  " not in line


@given(nasty)
def test_an_accepted_line_keeps_the_limit(text: str) -> None:
    try:
        line = accepted_text(text)
    except (ChatEmpty, ChatTooLong):
        return
    assert 1 <= len(line) <= rules.CHAT_CHARS_MAX


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("  还有\n货\t吗  ", "还有 货 吗"),
        ("ＡＢＣ１２３", "ABC123"),
        ("\u202e翻过来\u202c", "翻过来"),
        ("看\u200b不\u200d见", "看不见"),
        ("\x1b[31m红\x00", "[31m红"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("z" + "\u0301" * 40, "\u017a\u0301\u0301\u0301"),
    ],
)
def test_a_line_is_shown_as_plain_text(said: str, shown: str) -> None:
    assert rules.clean(said) == shown


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200b", "\u3164", "\u2800", "\ufe0f", "\x00\x01"])
def test_nothing_to_see_is_refused(text: str) -> None:
    with pytest.raises(ChatEmpty):
        accepted_text(text)


def test_the_hundred_and_first_character_is_refused_and_counted() -> None:
    assert accepted_text("好" * 100) == "好" * 100
    with pytest.raises(ChatTooLong) as refused:
        accepted_text("好" * 101)
    assert refused.value.facts() == {"chars": 101, "chars_max": 100}


def _ago(*seconds: float) -> list[datetime]:
    return [NOW - timedelta(seconds=s) for s in seconds]


def test_three_lines_at_once_then_one_a_second() -> None:
    assert rules.wait_for_rate(_ago(0, 0), NOW) == 0
    assert rules.wait_for_rate(_ago(0, 0, 0), NOW) == 3
    assert rules.wait_for_rate(_ago(0.5, 1.5, 2.5), NOW) == 1
    assert rules.wait_for_rate(_ago(1, 2, 3), NOW) == 0


def test_slow_mode_counts_from_the_last_line() -> None:
    assert rules.wait_for_slow_mode(_ago(4, 60), NOW, 10) == 6
    assert rules.wait_for_slow_mode(_ago(10), NOW, 10) == 0
    assert rules.wait_for_slow_mode([], NOW, 10) == 0
    assert rules.wait_for_slow_mode(_ago(1), NOW, 0) == 0


@given(st.lists(st.floats(0, 20), max_size=30))
def test_no_window_ever_holds_more_than_the_burst(gaps: list[float]) -> None:
    """Speaking exactly when the rule allows, at most three lines fall into any three seconds."""
    at, said = NOW, []
    for gap in gaps:
        at += timedelta(seconds=gap)
        if rules.wait_for_rate(said[::-1], at) == 0:
            said.append(at)
    for i in range(len(said) - rules.CHAT_BURST_LINES):
        assert said[i + rules.CHAT_BURST_LINES] - said[i] >= timedelta(seconds=rules.CHAT_BURST_LINES)


def test_a_buyer_is_thanked_without_being_named() -> None:
    assert rules.mask_name("王小明") == "王**"
    assert rules.mask_name("") == "***"
