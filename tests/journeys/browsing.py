"""What people do in a browser, step by step; used by every journey."""

from __future__ import annotations

import asyncio
import re

import httpx
from playwright.async_api import BrowserContext, Page

from kaibo.demo.person import Person
from tests.journeys.house import RunningHouse

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


async def code_for(house: RunningHouse, phone: str) -> str:
    """The newest one-time code sent to `phone`, as the person at the machine would read it."""
    async with httpx.AsyncClient(base_url=house.url) as client, asyncio.timeout(20):
        while True:
            for message in (await client.get("/local/sms.json")).json()["items"]:
                if message["phone"] == phone and (found := _CODE.search(message["text"])):
                    return found.group()
            await asyncio.sleep(0.1)


async def sign_in(page: Page, house: RunningHouse, phone: str) -> None:
    """Fill the login sheet that is open: the agreement is not ticked until the person ticks it."""
    assert not await page.get_by_role("checkbox").last.is_checked()
    await page.get_by_placeholder("手机号", exact=True).fill(phone)
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_placeholder("验证码", exact=True).fill(await code_for(house, phone))
    await page.get_by_role("checkbox").last.check()
    await page.get_by_role("button", name="登录 / 注册").click()


async def borrow_login(context: BrowserContext, house: RunningHouse, person: Person) -> None:
    """Open the browser as somebody who signed in earlier through the API."""
    await context.add_cookies(
        [{"name": name, "value": value, "url": house.url} for name, value in person.cookies.items()]  # type: ignore[misc]
    )


async def moving_video(page: Page) -> tuple[float, int]:
    """Wait until the video plays; returns by how much it moved in a second, and its width in pixels."""
    await page.wait_for_function(
        "() => { const v = document.querySelector('video'); return v && v.readyState >= 2 && v.currentTime > 0.2 }",
        timeout=30_000,
    )
    before = await page.evaluate("document.querySelector('video').currentTime")
    await asyncio.sleep(1)
    after, width = await page.evaluate(
        "[document.querySelector('video').currentTime, document.querySelector('video').videoWidth]"
    )
    return after - before, width
