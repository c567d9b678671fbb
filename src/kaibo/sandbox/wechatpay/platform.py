"""What every part of the gateway shares, and how its requests are read and its answers are signed."""

import asyncio
import json
import re
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from kaibo.sandbox.beijing import now_ms
from kaibo.sandbox.settings import Settings
from kaibo.sandbox.wechatpay.crypto import sign_parts, verify_parts
from kaibo.sandbox.wechatpay.errors import Refusal
from kaibo.sandbox.wechatpay.keys import Keys
from kaibo.sandbox.wechatpay.store import Store

SCHEME = "WECHATPAY2-SHA256-RSA2048"
BODY_BYTES_MAX = 64 * 1024
TIMESTAMP_AGE_S_MAX = 300
AUTHORIZATION = re.compile(r'\s*(mchid|nonce_str|signature|timestamp|serial_no)="([^"\\\n]{1,1024})"\s*(?:,|$)')
NONCE = re.compile(r"[0-9A-Za-z_\-]{1,64}")

M = TypeVar("M", bound=BaseModel)


@dataclass(slots=True)
class Platform:
    """`wake` tells the courier that something may be due."""

    settings: Settings
    keys: Keys
    store: Store
    public_url: str
    base_url: str
    wake: asyncio.Event = field(default_factory=asyncio.Event)


def platform_of(request: Request) -> Platform:
    platform = request.app.state.platform
    assert isinstance(platform, Platform)
    return platform


async def read_bytes(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise Refusal("PARAM_ERROR", f"请求包体不能超过 {BODY_BYTES_MAX} 字节")
    return bytes(body)


async def read_signed(request: Request) -> bytes:
    """The body of a request that carries the merchant's signature. Raises Refusal(SIGN_ERROR)."""
    body = await read_bytes(request)
    platform = platform_of(request)
    claims = _claims(request.headers.get("authorization", ""))
    if claims["mchid"] != platform.keys.mchid:
        raise Refusal("SIGN_ERROR", "商户号不存在", field="mchid", value=claims["mchid"])
    if claims["serial_no"].upper() != platform.keys.merchant_serial_no:
        raise Refusal("SIGN_ERROR", "商户证书序列号有误", field="serial_no", value=claims["serial_no"])
    if not (claims["timestamp"].isascii() and claims["timestamp"].isdigit() and len(claims["timestamp"]) <= 12):
        raise Refusal("SIGN_ERROR", "时间戳格式有误", field="timestamp", value=claims["timestamp"])
    age_s = now_ms() // 1000 - int(claims["timestamp"])
    if abs(age_s) > TIMESTAMP_AGE_S_MAX:
        raise Refusal(
            "SIGN_ERROR", f"HTTP 头 Authorization 的时间戳与现在相差超过 {TIMESTAMP_AGE_S_MAX} 秒", age_s=age_s
        )
    target = request.scope["raw_path"].decode("latin-1")
    if request.scope["query_string"]:
        target += "?" + request.scope["query_string"].decode("latin-1")
    parts = (request.method, target, claims["timestamp"], claims["nonce_str"], body)
    if not verify_parts(platform.keys.merchant_public, claims["signature"], *parts):
        raise Refusal("SIGN_ERROR", "签名错误, 验签不通过")
    # Only now: a stranger must not be able to use up the merchant's nonces.
    fresh = platform.store.take_nonce(claims["nonce_str"], now_ms=now_ms(), keep_ms=2 * TIMESTAMP_AGE_S_MAX * 1000)
    if not fresh:
        raise Refusal("SIGN_ERROR", "随机串重复, 请求可能被重放", field="nonce_str", value=claims["nonce_str"])
    return body


def _claims(header: str) -> dict[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        raise Refusal("SIGN_ERROR", f"HTTP 头 Authorization 的认证类型必须是 {SCHEME}")
    pairs = AUTHORIZATION.findall(rest)
    claims = dict(pairs)
    if len(claims) != 5 or len(pairs) != 5:
        raise Refusal(
            "SIGN_ERROR", "HTTP 头 Authorization 必须恰好包含 mchid, nonce_str, signature, timestamp, serial_no"
        )
    if not NONCE.fullmatch(claims["nonce_str"]):
        raise Refusal("SIGN_ERROR", "随机串格式有误", field="nonce_str")
    return claims


def parse(model: type[M], body: bytes) -> M:
    """Raises Refusal(PARAM_ERROR) that names the first wrong field, as the real service does."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field_path = "/" + "/".join(str(part) for part in first["loc"])
        raise Refusal("PARAM_ERROR", "参数错误", field=field_path, issue=first["msg"], location="body") from error


def answer(platform: Platform, document: dict[str, Any] | None, status: int = 200) -> Response:
    """A signed answer; `None` is an empty body."""
    body = b"" if document is None else json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp, nonce = str(now_ms() // 1000), secrets.token_hex(16)
    headers = {
        "Request-ID": uuid.uuid4().hex,
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": platform.keys.signing.serial_no,
        "Wechatpay-Signature": sign_parts(platform.keys.signing.private, timestamp, nonce, body),
        "Wechatpay-Signature-Type": SCHEME,
        "Cache-Control": "no-store",
    }
    media_type = None if document is None else "application/json; charset=utf-8"
    return Response(body, status, headers=headers, media_type=media_type)
