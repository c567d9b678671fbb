"""The adapter alone: signatures, states, and what a stranger may send."""

from __future__ import annotations

import contextlib
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.trade.shipping import carriers
from kaibo.trade.shipping.carrier import ForgedPush, MalformedPush, PushRefused
from kaibo.trade.shipping.kuaidi100 import CarrierConfigError, Kuaidi100, read_carrier_file
from kaibo.trade.shipping.kuaidi100.client import signature
from kaibo.trade.shipping.kuaidi100.codes import COMPANY, STATES, state_of
from kaibo.trade.shipping.kuaidi100.config import CarrierConfig
from kaibo.trade.shipping.model import ParcelState

SALT = "a salt of our own making"
SERVICE = Kuaidi100(CarrierConfig("key", "CUSTOMER", SALT, "http://127.0.0.1:9"), timeout_s=1)

# The example of the provider's documentation of the push, shortened to two steps; without fine states.
DOCUMENTED = {
    "status": "polling",
    "billstatus": "got",
    "message": "",
    "lastResult": {
        "message": "ok",
        "state": "0",
        "status": "200",
        "condition": "F00",
        "ischeck": "0",
        "com": "yuantong",
        "nu": "V030344422",
        "data": [
            {"context": "上海分拨中心/装件入车扫描 ", "time": "2012-08-28 16:33:19", "ftime": "2012-08-28 16:33:19"},
            {"context": "上海分拨中心/下车扫描 ", "time": "2012-08-27 23:22:42", "ftime": "2012-08-27 23:22:42"},
        ],
    },
}


def pushed(content: Any, salt: str = SALT) -> dict[str, str]:
    param = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return {"param": param, "sign": hashlib.md5((param + salt).encode()).hexdigest().upper()}


def with_result(**changes: Any) -> dict[str, Any]:
    return DOCUMENTED | {"lastResult": DOCUMENTED["lastResult"] | changes}  # type: ignore[operator]


def test_the_documented_push_is_read() -> None:
    trace = SERVICE.read_push(pushed(DOCUMENTED))
    assert (trace.carrier, trace.tracking_number, trace.given_up) == ("yto", "V030344422", "")
    assert [step.text for step in trace.steps] == ["上海分拨中心/下车扫描", "上海分拨中心/装件入车扫描"]
    assert trace.steps[-1].at == datetime(2012, 8, 28, 8, 33, 19, tzinfo=UTC)
    assert trace.steps[-1].state is ParcelState.IN_TRANSIT


def test_a_push_without_fine_states_takes_the_state_of_the_whole() -> None:
    assert SERVICE.read_push(pushed(with_result(state="3"))).steps[-1].state is ParcelState.DELIVERED


def test_small_letters_in_the_signature_are_the_same_signature() -> None:
    form = pushed(DOCUMENTED)
    assert SERVICE.read_push(form | {"sign": form["sign"].lower()}).tracking_number == "V030344422"


@pytest.mark.parametrize(
    "form", [{}, {"param": "{}"}, pushed(DOCUMENTED, "another"), pushed(DOCUMENTED) | {"param": "{}"}]
)
def test_what_the_provider_did_not_sign_is_forged(form: dict[str, str]) -> None:
    with pytest.raises(ForgedPush):
        SERVICE.read_push(form)


@pytest.mark.parametrize(
    "content",
    [
        "no json", "[]", "{}", {"lastResult": []}, with_result(com="pigeon"), with_result(nu=None), with_result(data=None),
        with_result(data=["x"]), with_result(data=[{"ftime": "yesterday"}]), with_result(data=[{}] * 301),
    ],
)  # fmt: skip
def test_what_is_signed_and_not_understood_is_malformed(content: Any) -> None:
    with pytest.raises(MalformedPush):
        SERVICE.read_push(pushed(content))


names = st.sampled_from(["lastResult", "data", "nu", "com", "ftime", "status", "x"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=15,
)


@given(json_values)
def test_nothing_that_is_signed_breaks_the_reader(content: Any) -> None:
    with contextlib.suppress(PushRefused):
        SERVICE.read_push(pushed(json.dumps(content)))


def test_every_carrier_of_the_house_has_a_code_and_every_code_is_one() -> None:
    assert set(COMPANY) == set(carriers.CARRIERS)
    assert len(set(COMPANY.values())) == len(COMPANY)


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("0", "in_transit"), ("1", "collected"), ("2", "exception"), ("3", "delivered"), ("4", "returned"),
        ("5", "out_for_delivery"),
        ("6", "returned"), ("14", "exception"), ("102", "announced"), ("103", "collected"), ("1001", "in_transit"),
        ("205", "exception"), ("304", "delivered"), ("501", "out_for_delivery"),
    ],
)  # fmt: skip
def test_states_are_the_documented_ones(code: str, state: str) -> None:
    assert state_of(code, "") == state


def test_a_state_nobody_knows_is_none() -> None:
    assert state_of("", "") is None
    assert state_of("99", "") is None
    assert state_of("", "签收") is ParcelState.DELIVERED
    assert {code[0] for code in STATES} <= set("012345678")


def test_signatures_are_md5_in_upper_case() -> None:
    assert signature("param", "key", "customer") == hashlib.md5(b"paramkeycustomer").hexdigest().upper()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "cannot be read"), ("[]", "one JSON object"), ('{"key": "k"}', "customer"), ('{"provider": "pigeon"}', "provider"),
        ('{"key": "k", "customer": "c", "salt": "short"}', "salt"),
        ('{"key": "k", "customer": "c", "salt": "0123456789abcdef", "base_url": "poll.kuaidi100.com"}', "base_url"),
    ],
)  # fmt: skip
def test_a_carrier_file_that_cannot_be_used_says_why(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "carrier.json"
    path.write_text(content)
    with pytest.raises(CarrierConfigError, match=says):
        read_carrier_file(path)


def test_without_an_address_the_real_one_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "carrier.json"
    path.write_text('{"key": "k", "customer": "c", "salt": "0123456789abcdef"}')
    assert read_carrier_file(path).base_url == "https://poll.kuaidi100.com"
