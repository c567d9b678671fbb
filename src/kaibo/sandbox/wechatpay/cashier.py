"""The page at h5_url, where a buyer pays or gives up, and the same two choices as JSON for automated buyers."""

from typing import Literal
from urllib.parse import parse_qs, quote

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from kaibo.sandbox import page
from kaibo.sandbox.addresses import is_allowed
from kaibo.sandbox.beijing import now_ms
from kaibo.sandbox.page import yuan
from kaibo.sandbox.store import Row
from kaibo.sandbox.wechatpay import trades
from kaibo.sandbox.wechatpay.errors import Refusal
from kaibo.sandbox.wechatpay.platform import parse, platform_of, read_bytes

PATH = "/cgi-bin/mmpayweb-bin/checkmweb"


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    outcome: Literal["success", "failure"] = "success"


async def show(request: Request) -> Response:
    trade = platform_of(request).store.trade_by_prepay(request.query_params.get("prepay_id", ""))
    return _page(request, trade, request.query_params.get("redirect_url", ""))


async def choose(request: Request) -> Response:
    """The form: pay or give up, then back to the merchant's page, exactly as the real cashier leaves."""
    platform = platform_of(request)
    form = parse_qs((await read_bytes(request)).decode("utf-8", "replace"))
    redirect_url = form.get("redirect_url", [""])[0]
    trade = platform.store.trade_by_prepay(request.path_params["prepay_id"])
    if trade is None:
        return _page(request, None, redirect_url)
    if form.get("outcome", [""])[0] == "success":
        try:
            trade = trades.pay(platform, trade)
        except Refusal as refusal:
            # Two taps on one button, or the back button: paying twice is one payment, the buyer goes on.
            if refusal.code != "ORDERPAID":
                return _page(request, trade, redirect_url)
    if is_allowed(redirect_url, platform.settings.return_origins):
        return RedirectResponse(redirect_url, 303)
    return _page(request, trade, redirect_url)


async def choose_json(request: Request) -> Response:
    """`{"outcome": "success" | "failure"}`; whoever knows the prepay_id may pay, as with the page itself."""
    platform = platform_of(request)
    choice = parse(Choice, await read_bytes(request) or b"{}")
    trade = platform.store.trade_by_prepay(request.path_params["prepay_id"])
    if trade is None:
        raise Refusal("ORDER_NOT_EXIST", "订单不存在")
    if choice.outcome == "success":
        trade = trades.pay(platform, trade)
    return JSONResponse(trades.document(platform, trade))


def _page(request: Request, trade: Row | None, redirect_url: str) -> Response:
    platform = platform_of(request)
    back = redirect_url if is_allowed(redirect_url, platform.settings.return_origins) else ""
    if trade is None:
        return page.show(request, "wechatpay", None, address=PATH, query={"redirect_url": redirect_url}, back=back)
    over = trade["state"] == "CLOSED" or trade["expires_ms"] <= now_ms()
    bill = page.Bill(
        amount=yuan(trade["total_fen"]),
        merchant=platform.settings.merchant_name,
        description=trade["description"],
        number=trade["out_trade_no"],
        state="paid" if trade["state"] == "SUCCESS" else "over" if over else "open",
        action=f"{PATH}/{quote(trade['prepay_id'])}",
    )
    query = {"prepay_id": trade["prepay_id"], "redirect_url": redirect_url}
    return page.show(request, "wechatpay", bill, address=PATH, query=query, back=back)
