"""Signatures, the schedule, addresses: values in, values out."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from kaibo.open.webhooks import rules

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_signature_is_the_specifications_own_example() -> None:
    """https://github.com/standard-webhooks/standard-webhooks: the test vector of its libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = rules.signatures([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.text(), st.binary(min_size=24, max_size=24), st.binary(min_size=24, max_size=24))
def test_what_we_sign_with_two_secrets_the_library_verifies_with_either(body: str, one: bytes, two: bytes) -> None:
    secrets = [rules.spell_secret(one), rules.spell_secret(two)]
    at = datetime.now(UTC)
    signed = rules.signatures(secrets, "msg_1", int(at.timestamp()), body)
    for secret in secrets:
        assert Webhook(secret).sign("msg_1", at, body) in signed.split(" ")


def test_ten_attempts_over_three_days() -> None:
    at, waits = NOW, []
    for tries in range(1, 11):
        following = rules.next_attempt(at, tries)
        if following is None:
            break
        waits.append((following - at).total_seconds())
        at = following
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert tries == rules.TRIES_MAX == 10


@given(st.integers(1, 9), st.integers(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_shorter_than_asked_nor_longer_than_a_day_and_a_bit(
    tries: int, asked: int, chance: float
) -> None:
    following = rules.next_attempt(NOW, tries, retry_after_seconds=asked, chance=chance)
    assert following is not None
    wait = (following - NOW).total_seconds()
    assert wait >= min(asked, 86400)
    assert rules.RETRY_SECONDS[tries - 1] * 0.9 - 1 <= wait <= 86400 * 1.1 + 1


def test_an_endpoint_is_given_up_after_days_without_success_or_when_it_says_gone() -> None:
    assert rules.must_disable(None, NOW, 500) is None
    assert rules.must_disable(NOW - timedelta(days=5) + timedelta(seconds=1), NOW, 500) is None
    assert rules.must_disable(NOW - timedelta(days=5), NOW, None) == "failing"
    assert rules.must_disable(NOW, NOW, 410) == "gone"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_private_addresses_are_known_in_every_disguise(address: str) -> None:
    assert not rules.public_address(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_the_open_internet_is_open(address: str) -> None:
    assert rules.public_address(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://erp.example.com/kaibo?x=1", None),
        ("https://erp.example.com:8443/", None),
        ("http://erp.example.com/", "not_https"),
        ("https://127.0.0.1/", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://localhost/", "private"),
        ("https://a.localhost/", "private"),
        ("https://user:pass@example.com/", "password"),
        ("ftp://example.com/", "malformed"),
        ("https:///x", "malformed"),
        ("https://exa mple.com/", "malformed"),
        ("https://example.com:99999/", "malformed"),
        ("https://example.com/#x", "malformed"),
        ("https://例子.com/", "malformed"),
        ("erp", "malformed"),
        ("https://[::1", "malformed"),
    ],
)
def test_an_address_that_cannot_be_called_is_refused_with_its_reason(url: str, problem: str | None) -> None:
    assert rules.url_problem(url, private_allowed=False) == problem


@given(st.text(max_size=60))
def test_no_text_breaks_the_check(url: str) -> None:
    assert rules.url_problem(url, private_allowed=False) in {None, "malformed", "password", "not_https", "private"}
