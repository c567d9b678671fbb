"""What the gateway demands of a merchant's request, tried with hand-made ones."""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from tests.payment.world import Sandbox, World

from kaibo.trade.payment.wechatpay import MerchantConfig, read_merchant_file, signature

TARGET = "/v3/pay/transactions/out-trade-no/never-made-1"


def merchant(sandbox: Sandbox) -> MerchantConfig:
    return read_merchant_file(sandbox.data_dir / "merchant.json")


def signed(config: MerchantConfig, method: str, target: str, body: bytes = b"", **claims: str) -> dict[str, str]:
    timestamp = claims.pop("timestamp", str(int(time.time())))
    nonce = claims.pop("nonce", secrets.token_hex(16))
    message = signature.request_message(method, claims.pop("signed_target", target), timestamp, nonce, body)
    values = {"mchid": config.mchid, "serial_no": config.serial_no} | claims
    return {
        "Authorization": signature.authorization(
            timestamp=timestamp, nonce=nonce, signature=signature.sign(config.private_key, message), **values
        )
    }


async def send(
    sandbox: Sandbox, method: str, target: str, headers: Mapping[str, str | bytes], body: bytes = b""
) -> httpx.Response:
    async with httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as http:
        return await http.request(method, target, headers=dict(headers), content=body)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "claims",
    [
        {"mchid": "1900000001"},
        {"serial_no": "ABCDEF"},
        {"timestamp": "1554208460"},
        {"timestamp": "9554208460"},
        {"timestamp": "now"},
        {"nonce": "with space"},
        {"signed_target": "/v3/certificates"},
    ],
)
async def test_a_request_with_a_wrong_claim_is_a_sign_error(sandbox: Sandbox, claims: dict[str, str]) -> None:
    config = merchant(sandbox)
    target = f"{TARGET}?mchid={config.mchid}"
    answer = await send(sandbox, "GET", target, signed(config, "GET", target, b"", **claims))
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    assert answer.json()["message"]


@pytest.mark.parametrize(
    "header", ["", "Bearer x", "WECHATPAY2-SHA256-RSA2048 x", 'WECHATPAY2-SHA256-RSA2048 mchid="1"']
)
async def test_a_request_without_a_signature_is_a_sign_error(sandbox: Sandbox, header: str) -> None:
    answer = await send(sandbox, "GET", TARGET, {"Authorization": header} if header else {})
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")


async def test_a_request_is_taken_once_even_when_sent_again_at_the_same_moment(sandbox: Sandbox) -> None:
    config = merchant(sandbox)
    target = f"{TARGET}?mchid={config.mchid}"
    headers = signed(config, "GET", target)
    answers = await asyncio.gather(*(send(sandbox, "GET", target, headers) for _ in range(5)))
    assert sorted(answer.json()["code"] for answer in answers) == ["ORDER_NOT_EXIST"] + ["SIGN_ERROR"] * 4


async def test_a_body_altered_on_the_way_is_a_sign_error(world: World) -> None:
    config = merchant(world.sandbox)
    request = world.charge()
    await world.gateway.create(request)
    target = f"/v3/pay/transactions/out-trade-no/{request.out_trade_no}/close"
    body = json.dumps({"mchid": config.mchid}).encode()
    answer = await send(world.sandbox, "POST", target, signed(config, "POST", target, body), body + b" ")
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")


async def test_errors_are_signed_like_every_other_answer(sandbox: Sandbox) -> None:
    config = merchant(sandbox)
    answer = await send(sandbox, "GET", TARGET, {})
    timestamp, nonce = answer.headers["Wechatpay-Timestamp"], answer.headers["Wechatpay-Nonce"]
    message = signature.answer_message(timestamp, nonce, answer.content)
    key = config.platform_certificates[0].public_key()
    assert signature.is_signed(key, message, answer.headers["Wechatpay-Signature"])  # type: ignore[arg-type]


async def create(sandbox: Sandbox, way: str = "h5", raw: bytes | None = None, **changes: Any) -> httpx.Response:
    config = merchant(sandbox)
    document: dict[str, Any] = {
        "appid": config.appid,
        "mchid": config.mchid,
        "description": "满城抽纸 6 提",
        "out_trade_no": secrets.token_hex(12),
        "notify_url": "http://127.0.0.1:9/notify",
        "amount": {"total": 100, "currency": "CNY"},
        "scene_info": {"payer_client_ip": "127.0.0.1"},
    }
    document |= changes
    body = raw if raw is not None else json.dumps({k: v for k, v in document.items() if v is not None}).encode()
    target = f"/v3/pay/transactions/{way}"
    return await send(sandbox, "POST", target, signed(config, "POST", target, body), body)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appid": "wx0000000000000000"}, "APPID_MCHID_NOT_MATCH"),
        ({"mchid": "1900000001"}, "MCH_NOT_EXISTS"),
        ({"scene_info": None}, "PARAM_ERROR"),
        ({"amount": {"total": 0}}, "PARAM_ERROR"),
        ({"amount": {"total": "100"}}, "PARAM_ERROR"),
        ({"amount": {"total": 1.5}}, "PARAM_ERROR"),
        ({"time_expire": "2030-01-01T00:00:00"}, "PARAM_ERROR"),
        ({"out_trade_no": "../../etc"}, "PARAM_ERROR"),
        ({"raw": b"not json"}, "PARAM_ERROR"),
        ({"raw": b"[]"}, "PARAM_ERROR"),
        ({"raw": b"{" + b" " * 70_000 + b"}"}, "PARAM_ERROR"),
    ],
)
async def test_a_create_request_that_cannot_be_is_refused(sandbox: Sandbox, changes: dict[str, Any], code: str) -> None:
    answer = await create(sandbox, **changes)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_jsapi_and_native_answer_in_their_own_shapes(sandbox: Sandbox) -> None:
    number = secrets.token_hex(12)
    jsapi = await create(sandbox, "jsapi", out_trade_no=number, payer={"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"})
    assert set(jsapi.json()) == {"prepay_id"}
    assert set((await create(sandbox, "native")).json()) == {"code_url"}
    assert (await create(sandbox, "jsapi")).json()["code"] == "PARAM_ERROR"
    again = await create(sandbox, "native", out_trade_no=number)
    assert (again.status_code, again.json()["code"]) == (403, "OUT_TRADE_NO_USED")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sandbox/faults"),
        ("PUT", "/sandbox/faults"),
        ("DELETE", "/sandbox/faults"),
        ("PUT", "/sandbox/faults/T-any-number"),
        ("GET", "/sandbox/callbacks"),
        ("GET", "/sandbox/bill?date=2026-01-01"),
        ("POST", "/sandbox/close"),
        ("POST", "/sandbox/certificates/rotate"),
    ],
)
async def test_the_testers_routes_need_the_admin_token(sandbox: Sandbox, method: str, path: str) -> None:
    for value in (b"", b"Bearer guess", b"Bearer \xff"):
        answer = await send(sandbox, method, path, {"Authorization": value})
        assert (answer.status_code, answer.json()["code"]) == (403, "NO_AUTH")
    assert (await send(sandbox, "GET", "/sandbox/health", {})).json() == {"status": "ok"}


@pytest.mark.parametrize("faults", [{"delay_ms": -1}, {"duplicate": 21}, {"lose": "yes"}, {"loose": True}])
async def test_a_fault_that_does_not_exist_is_refused(sandbox: Sandbox, faults: dict[str, Any]) -> None:
    answer = await sandbox.call("PUT", "/sandbox/faults/T-any-number", json=faults)
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
    assert answer.json()["detail"]["field"] == f"/{next(iter(faults))}"
