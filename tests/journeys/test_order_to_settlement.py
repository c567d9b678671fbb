"""One order, from tap to settlement; its twin is docs/journeys/order.md."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import BrowserContext, expect

from kaibo.demo.person import fresh_key
from tests.journeys.browsing import borrow_login, moving_video, sign_in
from tests.journeys.town import PRICE_FEN, Town

pytestmark = pytest.mark.xdist_group("journeys")

BUYER_PHONE = "13912345001"
PASTED = "李雷 13800138000 陕西省西安市雁塔区科技路1号3-1201"


async def test_one_order_from_tap_to_settlement(town: Town, phone: BrowserContext, desk: BrowserContext) -> None:
    ledger_before = await balances(town)
    await borrow_login(desk, town.house, town.host)
    console = await desk.new_page()
    await console.goto(f"{town.house.url}/desk/rooms/{town.room_id}")
    await expect(console.get_by_text("周至徐香猕猴桃").first).to_be_visible(timeout=20_000)

    # the room: moving video, and the item in pitch
    page = await phone.new_page()
    await page.goto(town.house.url)
    await page.locator("a[href*='/rooms/']").first.click()
    moved, width = await moving_video(page)
    assert moved > 0.5
    assert width == 360

    # tap 抢, sign in where it is needed, paste the address, submit
    await page.get_by_role("button", name=re.compile("抢")).first.click()
    await page.get_by_role("button", name=re.compile("添加收货地址")).click()
    await sign_in(page, town.house, BUYER_PHONE)
    await page.get_by_placeholder(re.compile("粘贴")).fill(PASTED)
    await page.get_by_role("button", name="识别", exact=True).click()
    await expect(page.get_by_placeholder("11 位手机号")).to_have_value("13800138000")
    await page.get_by_role("button", name="保存").click()
    assert not await page.evaluate("document.querySelector('video').paused"), "the video goes on under the sheets"
    await page.get_by_role("button", name="提交订单").click()

    # the cashier: confirm, and back in the room with a toast
    await page.wait_for_url(re.compile(rf":{town.house.ports['GATEWAY_PORT']}/"))
    await page.get_by_role("button", name="确认支付").click()
    await page.wait_for_url(re.compile(rf":{town.house.ports['PORT']}/rooms/"))
    await expect(page.get_by_text("支付成功")).to_be_visible(timeout=15_000)
    await expect(console.get_by_text("29.90").first).to_be_visible()

    # the merchant ships, the buyer receives
    orders = await town.merchant.get(f"/api/shops/{town.shop_id}/orders?state=paid")
    order = next(o for o in orders["items"] if o["address"]["name"].startswith("李"))
    ship = {"carrier": "sf", "tracking_number": "SF1234567890123"}
    await town.merchant.post(f"/api/shops/{town.shop_id}/orders/{order['id']}/ship", ship, key=fresh_key())
    await page.goto(f"{town.house.url}/orders/{order['id']}")
    await expect(page.get_by_text("SF1234567890123").first).to_be_visible()
    await page.get_by_role("button", name="确认收货").click()
    await page.get_by_role("button", name="确定", exact=True).click()

    # settled to the fen
    await town.until(
        lambda: town.merchant.get(f"/api/shops/{town.shop_id}/orders/{order['id']}"), lambda o: o["state"] == "settled"
    )
    ledger_after = await balances(town)
    change = {kind: ledger_after.get(kind, 0) - ledger_before.get(kind, 0) for kind in ledger_after}
    assert change["merchant_payable"] == PRICE_FEN - 299 - 150
    assert change["creator_commission"] == 299
    assert change["platform_fee"] == 150
    assert change["gateway"] == -PRICE_FEN


async def balances(town: Town) -> dict[str, int]:
    """Balance by kind of account; the whole must be zero and without a fault."""
    ledger = await town.checked_books()
    assert ledger["sum_fen"] == 0
    assert ledger["faults"] == []
    return {one["kind"]: one["balance_fen"] for one in ledger["kinds"]}


async def test_the_host_sees_a_sale_within_a_second(town: Town, desk: BrowserContext) -> None:
    await borrow_login(desk, town.house, town.host)
    console = await desk.new_page()
    await console.goto(f"{town.house.url}/desk/rooms/{town.room_id}")
    await expect(console.get_by_text("周至徐香猕猴桃").first).to_be_visible(timeout=20_000)
    buyer = await town.buyer(31)
    order = await town.place(buyer, await town.address_of(buyer))
    board = await town.host.get(f"/api/broadcasts/{town.broadcast_id}/board")
    await town.pay(buyer, order["id"])
    await expect(
        console.get_by_text(re.compile(rf"{order['number']}|{(board['gmv_paid_fen'] + PRICE_FEN) / 100:,.2f}")).first
    ).to_be_visible(timeout=5_000)
