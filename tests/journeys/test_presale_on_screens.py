"""A presale from the desk to the deposit and the balance page, in a real Chromium: docs/journeys/presale.md."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from kaibo.demo.person import fresh_key
from kaibo.kernel import clock
from kaibo.kernel.web.wire import rfc3339
from tests.journeys.browsing import borrow_login
from tests.journeys.conftest import DESK, PHONE
from tests.journeys.test_pages import Watch, faults_of
from tests.journeys.town import PRICE_FEN, Town

pytestmark = pytest.mark.xdist_group("journeys")

SECONDS_OF_DEPOSIT = 12


async def look(page: Page, name: str) -> None:
    """Keep a picture where PICTURES_OF_JOURNEYS names a folder."""
    if folder := os.environ.get("PICTURES_OF_JOURNEYS"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def test_a_deposit_and_a_balance_on_a_phone(browser: Browser, town: Town) -> None:
    now = clock.now().timestamp()

    def at(seconds: float) -> str:
        return rfc3339(type(clock.now()).fromtimestamp(now + seconds, tz=clock.now().tzinfo))

    terms = {
        "sku_id": town.sku_id, "price_fen": PRICE_FEN, "deposit_fen": 300, "counts_as_fen": 500,
        "deposit_from": at(-60), "deposit_until": at(3600), "balance_from": at(3600), "balance_until": at(7200),
        "ship_days": 15, "pieces_max": 5,
    }  # fmt: skip
    presale = await town.merchant.post(f"/api/shops/{town.shop_id}/presales", terms, key=fresh_key())
    buyer = await town.buyer(7401)
    await town.address_of(buyer)
    context, watch = await browser.new_context(**PHONE, locale="zh-CN"), Watch()  # type: ignore[arg-type]
    await borrow_login(context, town.house, buyer)
    page = await context.new_page()
    watch(page)
    await page.goto(f"{town.house.url}/presales")
    await expect(page.get_by_text("定金 ¥3.00 抵 ¥5.00")).to_be_visible()
    await look(page, "presales")
    await page.goto(f"{town.house.url}/products/{town.product_id}")
    await page.get_by_role("button", name="定金 ¥3.00").click()
    await expect(page.get_by_text("定金规则", exact=True)).to_be_visible()
    assert [*await faults_of(page, True), *watch.take()] == []
    await page.get_by_role("button", name="付定金", exact=True).click()
    await expect(page.get_by_role("alert")).to_have_text("请先阅读并同意定金规则")
    await page.get_by_role("checkbox").check()
    await look(page, "presale-sheet")
    order = (
        await buyer.post(
            f"/api/presales/{presale['id']}/orders",
            {"quantity": 1, "address_id": (await buyer.get("/api/addresses"))["items"][0]["id"],
             "source": {"kind": "shelf"}, "agreed": True},
            key=fresh_key(),
        )
    )["orders"][0]  # fmt: skip
    await town.pay(buyer, order["id"])
    await town.until(lambda: buyer.get(f"/api/orders/{order['id']}"), lambda it: it["state"] == "reserved")
    await page.goto(f"{town.house.url}/orders?state=placed")
    await expect(page.get_by_text("待付尾款")).to_be_visible()
    assert [*await faults_of(page, True), *watch.take()] == []
    await look(page, "presale-orders")
    await page.goto(f"{town.house.url}/orders/{order['id']}")
    await expect(page.get_by_role("heading", name="待付尾款")).to_be_visible()
    assert [*await faults_of(page, True), *watch.take()] == []
    await look(page, "presale-order")
    await page.goto(f"{town.house.url}/orders/{order['id']}/balance")
    await expect(page.get_by_text("还没到支付尾款的时间")).to_be_visible()
    await context.close()

    context, watch = await browser.new_context(**DESK, locale="zh-CN"), Watch()  # type: ignore[arg-type]
    await borrow_login(context, town.house, town.merchant)
    page = await context.new_page()
    watch(page)
    await page.goto(f"{town.house.url}/desk/shops/{town.shop_id}/presales")
    await expect(page.get_by_text("收定金中")).to_be_visible()
    await look(page, "desk-presales")
    await page.get_by_role("button", name="新建预售").click()
    await page.get_by_label("预售价（每件）").fill("120")
    await page.get_by_label("定金", exact=True).fill("10")
    await look(page, "desk-presale-new")
    assert [*await faults_of(page, False), *watch.take()] == []
    await context.close()
    await town.merchant.post(f"/api/shops/{town.shop_id}/presales/{presale['id']}/stop")


async def test_the_balance_page_takes_the_balance(browser: Browser, town: Town) -> None:
    """The windows follow one another within seconds; the worker's own timers open the balance."""
    now = clock.now().timestamp()

    def at(seconds: float) -> str:
        return rfc3339(type(clock.now()).fromtimestamp(now + seconds, tz=clock.now().tzinfo))

    terms = {
        "sku_id": town.sku_id, "price_fen": PRICE_FEN, "deposit_fen": 300, "counts_as_fen": 500,
        "deposit_from": at(-60), "deposit_until": at(SECONDS_OF_DEPOSIT), "balance_from": at(SECONDS_OF_DEPOSIT),
        "balance_until": at(3600), "ship_days": 15, "pieces_max": 5,
    }  # fmt: skip
    presale = await town.merchant.post(f"/api/shops/{town.shop_id}/presales", terms, key=fresh_key())
    buyer = await town.buyer(7402)
    address_id = await town.address_of(buyer)
    wish = {"quantity": 1, "address_id": address_id, "source": {"kind": "shelf"}, "agreed": True}
    order = (await buyer.post(f"/api/presales/{presale['id']}/orders", wish, key=fresh_key()))["orders"][0]
    await town.pay(buyer, order["id"])
    due = await town.until(
        lambda: buyer.get(f"/api/orders/{order['id']}"),
        lambda it: any(line["why"] == "尾款开始支付" for line in it["history"]),
    )
    assert due["state"] == "reserved"
    context, watch = await browser.new_context(**PHONE, locale="zh-CN"), Watch()  # type: ignore[arg-type]
    await borrow_login(context, town.house, buyer)
    page = await context.new_page()
    watch(page)
    await page.goto(f"{town.house.url}/orders/{order['id']}")
    await page.get_by_role("link", name="去支付").click()
    await expect(page.get_by_text("应付尾款")).to_be_visible()
    await expect(page.locator(".total .price")).to_have_attribute("aria-label", f"¥{(PRICE_FEN - 500) / 100:.2f}")
    await look(page, "presale-balance")
    assert [*await faults_of(page, True), *watch.take()] == []
    await page.get_by_role("button", name="付尾款").click()
    await page.wait_for_url(lambda url: "prepay_id" in url)
    await context.close()
    await town.pay(buyer, order["id"])
    await town.until(lambda: buyer.get(f"/api/orders/{order['id']}"), lambda it: it["state"] == "paid")
