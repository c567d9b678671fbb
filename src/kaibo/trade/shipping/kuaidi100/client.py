"""Kuaidi100's three conversations: subscribe (订阅), push (推送), query (实时查询).

Sources: the provider's documents "快递信息推送服务" and "实时快递查询" at https://api.kuaidi100.com/document, and its published
Java example (kuaidi100-api/java-demo). Times are Chinese local time without a zone, lists newest first.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx

from kaibo.trade.shipping.carrier import (
    CarrierError,
    CarrierRefused,
    ForgedPush,
    MalformedPush,
    Step,
    ToFollow,
    Trace,
)
from kaibo.trade.shipping.kuaidi100.codes import CARRIER, COMPANY, state_of
from kaibo.trade.shipping.kuaidi100.config import CarrierConfig
from kaibo.trade.shipping.model import ParcelState

STEPS_MAX = 300
TEXT_CHARS_MAX = 500
ANSWER_BYTES_MAX = 512 * 1024
FOLLOWED_ALREADY = "501"
LASTING = frozenset({"700", "701", "702"})
"""The data of the subscription is wrong, the company is not supported, or not recognised."""
NOTHING_FOUND = "500"
"""查询无结果: as yet nothing is known of the number."""
_CHINA = timezone(timedelta(hours=8))


def signature(*parts: str) -> str:
    """MD5 of the texts put together, in upper case: `(param, salt)` on pushes, `(param, key, customer)` on queries.

    MD5 is the protocol's choice, not ours. It guards a secret suffix nobody else holds; a push can at worst move a trace.
    """
    return hashlib.md5("".join(parts).encode()).hexdigest().upper()  # noqa: S324 Kuaidi100 prescribes MD5


class Kuaidi100:
    """A CarrierService."""

    def __init__(self, config: CarrierConfig, *, timeout_s: float) -> None:
        self._config = config
        self._http = httpx.AsyncClient(
            base_url=config.base_url, timeout=timeout_s, follow_redirects=False, trust_env=False
        )

    async def subscribe(self, wanted: ToFollow) -> bool:
        company = self._company(wanted.carrier)
        parameters = {"callbackurl": wanted.push_url, "salt": self._config.salt, "resultv2": "4", "phone": wanted.phone}
        param = {
            "company": company,
            "number": wanted.tracking_number,
            "from": wanted.start,
            "to": wanted.goal,
            "key": self._config.key,
            "parameters": parameters,
        }
        said = await self._post("/poll", {"schema": "json", "param": _json(param)})
        code = str(said.get("returnCode", ""))
        if said.get("result") is True:
            return True
        if code == FOLLOWED_ALREADY:
            return False
        raise CarrierRefused(code, str(said.get("message", ""))[:200], lasting=code in LASTING)

    async def query(self, carrier: str, tracking_number: str, phone: str) -> Trace | None:
        param = _json({"com": self._company(carrier), "num": tracking_number, "phone": phone, "resultv2": "4"})
        sign = signature(param, self._config.key, self._config.customer)
        said = await self._post("/poll/query.do", {"customer": self._config.customer, "sign": sign, "param": param})
        if "data" not in said:
            code = str(said.get("returnCode", ""))
            if code == NOTHING_FOUND:
                return None
            raise CarrierRefused(code, str(said.get("message", ""))[:200], lasting=False)
        try:
            found = _trace(said, "")
        except MalformedPush as wrong:
            raise CarrierError(f"query {tracking_number}: {wrong.reason}") from wrong
        if (found.carrier, found.tracking_number) != (carrier, tracking_number):
            raise CarrierError(f"query {tracking_number}: the answer is about {found.carrier} {found.tracking_number}")
        return found

    def read_push(self, form: Mapping[str, str]) -> Trace:
        param, sign = form.get("param", ""), form.get("sign", "")
        if not hmac.compare_digest(sign.upper().encode(), signature(param, self._config.salt).encode()):
            raise ForgedPush("the signature does not belong to this content" if sign else "there is no signature")
        try:
            said = json.loads(param)
        except ValueError:
            raise MalformedPush("param is no JSON") from None
        result = said.get("lastResult") if isinstance(said, dict) else None
        if not isinstance(result, dict):
            raise MalformedPush("there is no lastResult")
        gave_up = str(said.get("message") or "abort") if said.get("status") == "abort" else ""
        return _trace(result, gave_up[:200])

    async def aclose(self) -> None:
        await self._http.aclose()

    def _company(self, carrier: str) -> str:
        company = COMPANY.get(carrier)
        if company is None:
            raise CarrierRefused("701", f"Kuaidi100 has no code for {carrier}", lasting=True)
        return company

    async def _post(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        try:
            answer = await self._http.post(path, data=form)
        except httpx.HTTPError as error:
            raise CarrierError(f"{path}: {type(error).__name__}: {error}") from error
        if answer.status_code != 200 or len(answer.content) > ANSWER_BYTES_MAX:
            raise CarrierError(f"{path}: HTTP {answer.status_code}, {len(answer.content)} bytes")
        try:
            said = answer.json()
        except ValueError:
            raise CarrierError(f"{path}: the answer is no JSON") from None
        if not isinstance(said, dict):
            raise CarrierError(f"{path}: the answer is no object")
        return said


def _trace(result: Mapping[str, Any], given_up: str) -> Trace:
    """Raises MalformedPush."""
    number, data = result.get("nu"), result.get("data")
    carrier = CARRIER.get(str(result.get("com", "")))
    if not isinstance(number, str) or not number or carrier is None:
        raise MalformedPush("com or nu is missing or unknown")
    if not isinstance(data, list) or len(data) > STEPS_MAX or not all(isinstance(row, dict) for row in data):
        raise MalformedPush(f"data is no list of at most {STEPS_MAX} steps")
    steps = [_step(row) for row in reversed(data)]
    if steps:
        # Without resultv2 single steps carry no state; the whole always does, and it is that of its newest step.
        newest = state_of(str(result.get("state", "")), "")
        if data[0].get("statusCode") in (None, "") and newest is not None:
            steps[-1] = Step(steps[-1].at, newest, str(result.get("state")), steps[-1].text, steps[-1].place)
    return Trace(carrier, number.upper(), tuple(steps), given_up)


def _step(row: Mapping[str, Any]) -> Step:
    code, name = str(row.get("statusCode") or ""), str(row.get("status") or "")
    text = str(row.get("context") or "").replace("\x00", "").strip()[:TEXT_CHARS_MAX]
    place = str(row.get("areaName") or row.get("location") or "").replace("\x00", "")[:100]
    return Step(_time(row), state_of(code, name) or ParcelState.IN_TRANSIT, code[:8], text, place)


def _time(row: Mapping[str, Any]) -> datetime:
    text = str(row.get("ftime") or row.get("time") or "")
    try:
        at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_CHINA)
    except ValueError:
        raise MalformedPush(f"{text[:40]!r} is no time") from None
    return at.astimezone(UTC)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
