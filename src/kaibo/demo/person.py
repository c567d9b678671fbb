"""One person of the demo world, signed in (or not) through the public API."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import orjson

from kaibo.demo.door import Door, Refusal
from kaibo.demo.memory import Memory
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

LOGINS = "logins"
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
WAIT_SECONDS_MAX = 120


class NoCode(Exception):
    """No one-time code for this phone on the local page: the SMS provider is not the embedded one."""


def fresh_key() -> str:
    """An Idempotency-Key for an act that happens once."""
    return uuid4().hex


class Person:
    """Cookies and CSRF token of one browser. `phone` is empty for somebody who is not signed in."""

    def __init__(self, door: Door, phone: str = "", memory: Memory | None = None) -> None:
        self._door = door
        self._memory = memory
        self.phone = phone
        self.id = ""
        self.nickname = ""
        self.cookies: dict[str, str] = dict(memory.get(LOGINS, phone) or {}) if memory and phone else {}

    # --- reading and acting

    async def get(self, path: str) -> Any:
        return await self._send("GET", path, None, "")

    async def post(self, path: str, body: Any = None, key: str = "") -> Any:
        """With a `key` the act is repeated until the house has answered, and takes place once."""
        return await self._send("POST", path, body, key)

    async def patch(self, path: str, body: Any) -> Any:
        return await self._send("PATCH", path, body, "")

    async def delete(self, path: str) -> Any:
        return await self._send("DELETE", path, None, "")

    async def upload(self, path: str, name: str, content: bytes, kind: str) -> Any:
        """The same picture of the same person is kept once, so this may be repeated."""
        return await self._door.send(
            "POST",
            path,
            headers=self._headers(""),
            cookies=self.cookies,
            files={"file": (name, content, kind)},
            repeatable=True,
        )

    async def _send(self, method: str, path: str, body: Any, key: str) -> Any:
        headers = self._headers(key)
        if body is not None:
            headers["Content-Type"] = "application/json"
        return await self._door.send(
            method,
            path,
            headers=headers,
            cookies=self.cookies,
            content=None if body is None else orjson.dumps(body),
            repeatable=method == "GET" or bool(key),
        )

    def _headers(self, key: str) -> dict[str, str]:
        headers = {"Accept-Language": "zh-CN"}
        if key:
            headers["Idempotency-Key"] = key
        if token := self.cookies.get("kaibo_csrf"):
            headers["X-CSRF-Token"] = token
        return headers

    # --- signing in

    async def sign_in(self, *, patient: bool = True) -> None:
        """As this phone's owner; the login of the last start is used while it is good.

        `patient` waits where codes are asked for too soon after one another. Raises Refusal where they are used up, NoCode.
        """
        if await self._is_known():
            return
        self.cookies = {}
        await self._ask_for_code(patient)
        await self.post("/api/login", {"phone": self.phone, "code": await self._code(), "agreed": True})
        if not await self._is_known():
            raise RuntimeError(f"{self.phone} is not signed in although the house took the code")

    async def sign_in_as_staff(self, username: str, password: str, totp: str) -> None:
        await self.post("/api/staff/login", {"username": username, "password": password, "totp": totp})
        if not await self._is_known():
            raise RuntimeError(f"{username} is not signed in although the house took the password")

    async def is_signed_in(self) -> bool:
        """Whether the login of the last start is still good."""
        return await self._is_known()

    async def be_called(self, nickname: str) -> None:
        if self.nickname != nickname:
            await self.patch("/api/me", {"nickname": nickname})
            self.nickname = nickname

    async def _is_known(self) -> bool:
        if "kaibo_login" not in self.cookies:
            return False
        me = await self.get("/api/me")
        if not me["signed_in"]:
            return False
        self.id, self.nickname = me["person"]["id"], me["person"]["nickname"]
        self.cookies["kaibo_csrf"] = me["csrf_token"]
        if self._memory and self.phone:
            self._memory.keep(LOGINS, self.phone, self.cookies)
        return True

    async def _ask_for_code(self, patient: bool) -> None:
        while True:
            try:
                await self.post("/api/login/codes", {"phone": self.phone}, key=fresh_key())
            except Refusal as refusal:
                wait = refusal.retry_after_seconds
                if refusal.status != 429 or not patient or wait > WAIT_SECONDS_MAX:
                    raise
                await asyncio.sleep(wait + 0.1)
            else:
                return

    async def _code(self) -> str:
        messages = (await self.get("/local/sms.json"))["items"]
        for message in messages:
            if message["phone"] == self.phone and (found := _CODE.search(message["text"])):
                return found.group()
        raise NoCode(f"no message for {self.phone} on /local/sms: the demo needs sms_provider=embedded")

    @property
    def person_id(self) -> UUID:
        return UUID(self.id)
