"""Callbacks that are late, lost, doubled, out of order, altered or forged."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.payment.world import Received, World

from kaibo.trade.payment.gateway import (
    CallbackRefused,
    ChargeNotice,
    ChargeStatus,
    ForeignCallback,
    ForgedCallback,
    Gateway,
    StaleCallback,
    UnknownSerial,
    read_callback,
)


async def one_callback(world: World) -> Received:
    request = await world.paid()
    return (await world.receiver.wait(f"/{request.out_trade_no}"))[0]


async def test_the_adapter_keeps_the_protocol(world: World) -> None:
    gateway: Gateway = world.gateway
    assert isinstance(await read_callback(gateway, *parts(await one_callback(world))[:2], now=utc()), ChargeNotice)


def parts(received: Received) -> tuple[dict[str, str], bytes]:
    return dict(received.headers), received.body


def utc() -> datetime:
    return datetime.now(UTC)


async def test_duplicates_carry_the_same_notice_and_each_its_own_signature(world: World) -> None:
    request = await world.paid(duplicate=2)
    received = await world.receiver.wait(f"/{request.out_trade_no}", 3)
    notices = [world.read(each) for each in received]
    assert len({notice.source.notice_id for notice in notices}) == 1
    assert len({notice.source.nonce for notice in notices}) == 3
    assert [notice.source.replayed for notice in notices] == [False] * 3


async def test_a_replay_of_the_same_bytes_is_flagged(world: World) -> None:
    request = await world.paid(replay=1)
    first, second = await world.receiver.wait(f"/{request.out_trade_no}", 2)
    assert (first.body, first.headers["Wechatpay-Nonce"]) == (second.body, second.headers["Wechatpay-Nonce"])
    assert not world.read(first).source.replayed
    assert world.read(second).source.replayed


async def test_a_lost_callback_is_found_by_a_query(world: World) -> None:
    request = await world.paid(1_234, lose=True)
    log = (await world.sandbox.call("GET", f"/sandbox/callbacks?out_trade_no={request.out_trade_no}")).json()
    assert [(each["state"], each["attempts"]) for each in log["callbacks"]] == [("lost", [])]
    state = await world.gateway.query(request.out_trade_no)
    assert (state.status, state.amount_fen) == (ChargeStatus.PAID, 1_234)
    assert world.receiver.on(f"/{request.out_trade_no}") == []


async def test_a_held_callback_arrives_after_the_next_one(world: World) -> None:
    first = await world.paid(reorder=True)
    second = await world.paid()
    await world.receiver.wait(f"/{first.out_trade_no}")
    order = [received.path for received in world.receiver.received]
    assert order.index(f"/{second.out_trade_no}") < order.index(f"/{first.out_trade_no}")


async def test_a_delayed_callback_is_not_early(world: World) -> None:
    before = utc()
    request = await world.paid(delay_ms=400)
    await world.receiver.wait(f"/{request.out_trade_no}")
    assert utc() - before >= timedelta(milliseconds=400)


async def test_a_refused_callback_is_delivered_again_until_it_is_taken(world: World) -> None:
    request = world.charge()
    world.receiver.statuses[f"/{request.out_trade_no}"] = [500, 404, 302]
    await world.sandbox.pay((await world.gateway.create(request)).pay_url)
    received = await world.receiver.wait(f"/{request.out_trade_no}", 4)
    assert len({world.read(each).source.nonce for each in received}) == 4
    log = (await world.sandbox.call("GET", f"/sandbox/callbacks?out_trade_no={request.out_trade_no}")).json()
    assert [attempt["http_status"] for attempt in log["callbacks"][0]["attempts"]] == [500, 404, 302, 204]
    assert log["callbacks"][0]["state"] == "delivered"


async def test_a_forged_signature_is_refused_and_the_true_one_follows(world: World) -> None:
    request = world.charge()
    world.receiver.statuses[f"/{request.out_trade_no}"] = [401]
    await world.sandbox.set_faults(request.out_trade_no, corrupt_signature=True)
    await world.sandbox.pay((await world.gateway.create(request)).pay_url)
    forged, true = await world.receiver.wait(f"/{request.out_trade_no}", 2)
    with pytest.raises(ForgedCallback, match="does not match"):
        world.read(forged)
    assert isinstance(world.read(true), ChargeNotice)


async def test_a_wrong_amount_is_told_as_signed_so_that_the_caller_can_compare(world: World) -> None:
    request = await world.paid(2_990, wrong_amount_fen=1)
    notice = world.read((await world.receiver.wait(f"/{request.out_trade_no}"))[0])
    assert isinstance(notice, ChargeNotice)
    assert notice.amount_fen == 1
    assert (await world.gateway.query(request.out_trade_no)).amount_fen == 2_990


async def test_a_callback_about_another_merchant_is_foreign(world: World) -> None:
    request = await world.paid(wrong_mchid="1900000001")
    received = (await world.receiver.wait(f"/{request.out_trade_no}"))[0]
    with pytest.raises(ForeignCallback) as refused:
        world.read(received)
    assert refused.value.facts["mchid"] == "1900000001"
    assert refused.value.facts["out_trade_no"] == request.out_trade_no


async def test_a_callback_from_too_long_ago_or_from_the_future_is_stale(world: World) -> None:
    received = await one_callback(world)
    world.read(received, now=utc() + timedelta(seconds=290))
    for shift_s in (310, -310):
        with pytest.raises(StaleCallback) as refused:
            world.read(received, now=utc() + timedelta(seconds=shift_s))
        assert abs(int(refused.value.facts["age_s"]) - shift_s) <= 5


async def test_a_signature_covers_body_time_and_nonce(world: World) -> None:
    headers, body = parts(await one_callback(world))
    later = str(int(headers["Wechatpay-Timestamp"]) + 1)
    altered = [
        (headers, body.replace(b"TRANSACTION", b"TRANSACTIOM")),
        (headers, body + b" "),
        (headers | {"Wechatpay-Timestamp": later}, body),
        (headers | {"Wechatpay-Nonce": "0" * 32}, body),
        (headers | {"Wechatpay-Nonce": f"{headers['Wechatpay-Nonce']}\n"}, body),
        (headers | {"Wechatpay-Timestamp": "soon"}, body),
        (headers | {"Wechatpay-Timestamp": "²"}, body),
        (headers | {"Wechatpay-Signature": ""}, body),
        (headers | {"Wechatpay-Signature": "不是签名"}, body),
        *(
            ({name: value for name, value in headers.items() if name != gone}, body)
            for gone in headers
            if "Wech" in gone
        ),
    ]
    refused = 0
    for each_headers, each_body in altered:
        try:
            world.gateway.parse_callback(each_headers, each_body, now=utc())
        except ForgedCallback:
            refused += 1
    # Of the five Wechatpay headers only Signature-Type may be absent: it is not part of what is signed.
    assert refused == len(altered) - 1


async def test_headers_are_read_whatever_their_case(world: World) -> None:
    headers, body = parts(await one_callback(world))
    lower = {name.lower(): value for name, value in headers.items()}
    assert isinstance(world.gateway.parse_callback(lower, body, now=utc()), ChargeNotice)


async def test_a_strangers_own_key_is_unknown_and_costs_one_download_a_minute(world: World) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    body, timestamp = b'{"id":"x"}', str(int(utc().timestamp()))
    signature = stranger.sign(f"{timestamp}\nabc\n".encode() + body + b"\n", padding.PKCS1v15(), SHA256())
    headers = {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": "abc",
        "Wechatpay-Serial": "5157F09EFDC096DE15EBE81A47057A72",
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
    }
    for _ in range(5):
        with pytest.raises(UnknownSerial):
            await read_callback(world.gateway, headers, body, now=utc())
    assert await world.gateway.refresh_keys() is False


async def test_an_unknown_key_stays_unknown_when_the_platform_cannot_be_asked(own_world: World) -> None:
    received = await one_callback(own_world)
    headers = dict(received.headers) | {"Wechatpay-Serial": "ABC"}
    own_world.sandbox.kill()
    with pytest.raises(UnknownSerial):
        await read_callback(own_world.gateway, headers, received.body, now=utc())


async def test_a_rotated_platform_key_is_fetched_once_and_then_known(own_world: World) -> None:
    before = await one_callback(own_world)
    assert (await own_world.sandbox.call("POST", "/sandbox/certificates/rotate")).status_code == 200
    # The answer to the next create is signed with the new key: that alone must fetch it.
    after = await one_callback(own_world)
    assert before.headers["Wechatpay-Serial"] != after.headers["Wechatpay-Serial"]
    for received in (after, before):
        assert isinstance(own_world.read(received), ChargeNotice)


async def test_a_callback_signed_with_a_rotated_key_is_read_after_one_refresh(own_world: World) -> None:
    request = own_world.charge()
    created = await own_world.gateway.create(request)
    await own_world.sandbox.call("POST", "/sandbox/certificates/rotate")
    await own_world.sandbox.pay(created.pay_url)
    received = (await own_world.receiver.wait(f"/{request.out_trade_no}"))[0]
    with pytest.raises(UnknownSerial):
        own_world.read(received)
    assert isinstance(await read_callback(own_world.gateway, *parts(received), now=utc()), ChargeNotice)


async def test_random_faults_are_some_of_the_chosen_kinds(own_world: World) -> None:
    async def seen(seed: int) -> list[str]:
        plan = {"every": {}, "random": {"seed": seed, "chance_percent": 60, "kinds": ["lose", "duplicate"]}}
        assert (await own_world.sandbox.call("PUT", "/sandbox/faults", json=plan)).status_code == 200
        numbers = [f"seed{seed}-{index:03d}" for index in range(12)]
        for number in numbers:
            request = own_world.charge(out_trade_no=number)
            await own_world.sandbox.pay((await own_world.gateway.create(request)).pay_url)
        log = (await own_world.sandbox.call("GET", "/sandbox/callbacks")).json()["callbacks"]
        return [json.dumps(each["faults"]) for each in reversed(log) if each["out_trade_no"] in numbers]

    picked = await seen(7)
    assert len(set(picked)) > 1
    assert '"{}"' in picked
    assert picked != await seen(8)
    answer = await own_world.sandbox.call("DELETE", "/sandbox/faults")
    assert answer.status_code == 204
    assert (await own_world.sandbox.call("GET", "/sandbox/faults")).json() == {"plan": {}, "orders": {}}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_altered_callback_is_ever_believed(world: World, data: st.DataObject) -> None:
    headers, body = parts(world.receiver.received[0] if world.receiver.received else await one_callback(world))
    position = data.draw(st.integers(0, len(body) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != body[position]))
    altered = body[:position] + bytes([value]) + body[position + 1 :]
    with pytest.raises(CallbackRefused):
        world.gateway.parse_callback(headers, altered, now=utc())


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headers=st.dictionaries(
        st.sampled_from(["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "Wechatpay-Signature"]),
        st.text(max_size=40) | st.integers(0, 10**13).map(str),
    ),
    body=st.binary(max_size=200),
)
async def test_garbage_is_refused_and_never_crashes(world: World, headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(ForgedCallback):
        world.gateway.parse_callback(headers, body, now=utc())
