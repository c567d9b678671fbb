"""Invitations as a creator sees them: every plan with its own products, however many there are, in as many statements."""

from __future__ import annotations

from sqlalchemy import event
from sqlalchemy.engine import Engine

from kaibo.kernel.context import Context
from tests.conftest import SignIn
from tests.stage.world import verify_realname
from tests.trade.test_affiliate import plan, take_in
from tests.trade.world import make_buyer, ok, open_shop


async def test_many_invitations_cost_no_more_statements_than_one(here: Context, sign_in: SignIn) -> None:
    shop, creator = await open_shop(sign_in), await make_buyer(sign_in, "达人")
    await verify_realname(here, creator.person.id)
    skus = [await shop.sku(price_fen=1000 * n) for n in (1, 2, 3)]
    said: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    async def asked() -> tuple[list[tuple[str, list[str]]], int]:
        said.clear()
        items = ok(await creator.client.get("/api/creators/me/invitations"))["items"]
        return [(one["plan"]["name"], [its["product"]["id"] for its in one["products"]]) for one in items], len(said)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await take_in(shop, await plan(shop, "targeted", skus[0]["product_id"], 1000), creator.person)
        _, one = await asked()
        for sku, bps in zip(skus[1:], (1100, 1200), strict=True):
            await take_in(shop, await plan(shop, "targeted", sku["product_id"], bps), creator.person)
        shown, three = await asked()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert shown == [
        ("targeted 1200", [skus[2]["product_id"]]),
        ("targeted 1100", [skus[1]["product_id"]]),
        ("targeted 1000", [skus[0]["product_id"]]),
    ]
    assert 0 < three == one
