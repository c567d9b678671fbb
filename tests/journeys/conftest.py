"""One whole house for all journeys, live with a real RTMP push; Chromium at phone and desk size."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.journeys.house import RunningHouse
from tests.journeys.town import Town

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="session")
async def town() -> AsyncIterator[Town]:
    house = RunningHouse(Path(tempfile.mkdtemp(prefix="kaibo-house-")))
    await house.start()
    made = await Town.settle(house)
    await made.go_live()
    yield made
    await made.close()
    await house.stop()
    shutil.rmtree(house.data_dir)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
            ],
        )  # fmt: skip
        yield browser
        await browser.close()


@pytest.fixture
async def phone(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(**PHONE, locale="zh-CN")  # type: ignore[arg-type]
    yield context
    await context.close()


@pytest.fixture
async def desk(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(**DESK, locale="zh-CN")  # type: ignore[arg-type]
    yield context
    await context.close()
