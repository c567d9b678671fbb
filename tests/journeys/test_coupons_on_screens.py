"""A coupon from the desk to the breakdown of an order, in a real Chromium: issued, claimed, applied by itself, taken out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from kaibo.demo.person import Person, fresh_key
from kaibo.kernel import clock
from kaibo.kernel.web.wire import rfc3339
from tests.journeys.browsing import borrow_login
from tests.journeys.conftest import DESK, PHONE
from tests.journeys.test_pages import Watch, faults_of
from tests.journeys.town import PRICE_FEN, Town

pytestmark = pytest.mark.xdist_group("journeys")

OFF_FEN = 500


@pytest.fixture(scope="module")
async def buyer(town: Town) -> AsyncIterator[Person]:
    """A buyer with an address in a town with two coupons, which are stopped in the end: other journeys pay as before."""
    now = clock.now()
    when = {
        "claim_from": rfc3339(now - timedelta(hours=1)),
        "claim_until": rfc3339(now + timedelta(days=3)),
        "use_days": 7,
    }
    common = when | {"benefit": "off", "off_fen": OFF_FEN, "pieces_max": 500}
    given = f"/api/shops/{town.shop_id}/coupons"
    mine = await town.merchant.post(given, common | {"title": "全店立减 5 元"}, key=fresh_key())
    far = common | {"title": "满 999 减 5", "threshold_fen": 99_900}
    theirs = await town.reviewer.post("/api/operator/coupons", far, key=fresh_key())
    made = await town.buyer(7301)
    await town.address_of(made)
    await made.post(f"/api/coupons/{theirs['id']}/claim", None, key=fresh_key())
    yield made
    await town.merchant.patch(f"{given}/{mine['id']}", {"stop": True})
    await town.reviewer.patch(f"/api/operator/coupons/{theirs['id']}", {"stop": True})


async def _clean(page: Page, watch: Watch, on_phone: bool) -> None:
    assert [*await faults_of(page, on_phone), *watch.take()] == []


async def test_a_claimed_coupon_lowers_the_order_and_says_so(browser: Browser, town: Town, buyer: Person) -> None:
    context, watch = await browser.new_context(**PHONE, locale="zh-CN"), Watch()  # type: ignore[arg-type]
    await borrow_login(context, town.house, buyer)
    page = await context.new_page()
    watch(page)
    await page.goto(f"{town.house.url}/products/{town.product_id}")
    await page.get_by_role("button", name="领优惠券").click()
    await page.get_by_role("button", name="领取", exact=True).click()
    await expect(page.get_by_text("已领取")).to_have_count(2)
    await _clean(page, watch, on_phone=True)
    await page.get_by_role("button", name="关闭").click()
    await page.get_by_role("button", name="立即购买").click()
    line = page.get_by_role("button", name="优惠券 -¥5.00")
    await expect(line).to_be_visible()
    await expect(page.get_by_text("共优惠 ¥5.00")).to_be_visible()
    await expect(page.locator(".total .price")).to_have_attribute("aria-label", f"¥{(PRICE_FEN - OFF_FEN) / 100:.2f}")
    await line.click()
    await expect(page.get_by_text("还差")).to_be_visible()
    await _clean(page, watch, on_phone=True)
    await page.get_by_role("checkbox", name="全店立减 5 元").click()
    await expect(page.get_by_role("checkbox", name="全店立减 5 元")).to_have_attribute("aria-checked", "false")
    await page.get_by_role("button", name="恢复最优组合").click()
    await expect(page.get_by_role("checkbox", name="全店立减 5 元")).to_have_attribute("aria-checked", "true")
    await page.goto(f"{town.house.url}/me/coupons")
    await expect(page.get_by_role("heading", name="全店立减 5 元")).to_be_visible()
    await _clean(page, watch, on_phone=True)
    await context.close()


async def test_a_merchant_sees_what_a_coupon_brought_and_issues_another(
    browser: Browser, town: Town, buyer: Person
) -> None:
    context, watch = await browser.new_context(**DESK, locale="zh-CN"), Watch()  # type: ignore[arg-type]
    await borrow_login(context, town.house, town.merchant)
    page = await context.new_page()
    watch(page)
    await page.goto(f"{town.house.url}/desk/shops/{town.shop_id}/coupons")
    await expect(page.get_by_text("全店立减 5 元")).to_be_visible()
    await _clean(page, watch, on_phone=False)
    await page.get_by_role("button", name="新建优惠券").click()
    await page.get_by_placeholder("买家看到的名称").fill("满 9999 减 1")
    await page.get_by_label("优惠金额").fill("1")
    await page.get_by_label("使用门槛").fill("9999")
    await _clean(page, watch, on_phone=False)
    await page.get_by_role("button", name="发布").click()
    await expect(page.get_by_role("cell", name="满 9999 减 1")).to_be_visible()
    await context.close()
