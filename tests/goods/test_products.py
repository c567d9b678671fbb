"""Products: written, reviewed, changed, withdrawn, found."""

from __future__ import annotations

import uuid
from itertools import product as pairs
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from kaibo.goods import facade as goods
from kaibo.goods.catalog import rules
from kaibo.goods.catalog.categories import categories, leaf_by_name, leaves_below
from kaibo.goods.catalog.tables import price_entries, review_entries
from kaibo.goods.contracts import NotOnSale, ProductMissing, ProductState, StepNotAllowed
from kaibo.kernel import tables as kernel_tables
from kaibo.kernel.context import Context
from tests.goods.world import Shop, approve, create, door, open_shop, picture_bytes, upload
from tests.people_of_tests import Person


async def patch(shop: Shop, product_id: str, **change: Any) -> Any:
    return await shop.owner.client.patch(f"{shop.path}/products/{product_id}", json=change)


def test_the_state_machine_allows_what_the_table_says_and_nothing_else() -> None:
    allowed = {(state, step) for state, steps in rules.TRANSITIONS.items() for step in steps}
    for state, step in pairs(get_args(ProductState), get_args(rules.Step)):
        if (state, step) in allowed:
            rules.after(state, step)
        else:
            with pytest.raises(StepNotAllowed):
                rules.after(state, step)
    # nothing becomes approved but out of the review, and only by an approval
    assert {(s, v) for s, steps in rules.TRANSITIONS.items() for v, to in steps.items() if to == "approved"} == {
        ("pending", "approve")
    }


def test_the_category_tree_has_two_levels_and_both_languages() -> None:
    found = categories()
    tops = [c for c in found.values() if c.parent_key is None]
    assert len(tops) == 12
    assert len(found) - len(tops) >= 55
    assert all(c.zh and c.en and (c.parent_key is None or c.parent_key in found) for c in found.values())
    assert set(leaves_below("fresh")) == {c.key for c in found.values() if c.parent_key == "fresh"}
    assert leaf_by_name()["木门"] == leaf_by_name()["建材家装/木门"] == "wooden_door"


@given(st.text(max_size=60))
def test_any_title_can_be_searched_by_its_own_words(title: str) -> None:
    text = rules.search_text(title)
    assert all(word in text for word in rules.search_words(title))


def test_titles_are_found_by_pinyin_and_initials() -> None:
    text = rules.search_text("宾川紫皮大蒜 5斤")
    for q in ("紫皮", "zipi", "ZPDS", "binchuan dasuan", "大蒜 5斤"):
        assert all(word in text for word in rules.search_words(q)), q


async def test_a_product_on_its_way_from_draft_to_the_shelf(
    shop: Shop, reviewer: Person, picture_id: str, client: Any, here: Context
) -> None:
    made = (await create(shop)).json()
    assert (made["state"], made["seller"]["legal_name"]) == ("draft", "江山市实木门业有限公司")
    url = f"{shop.path}/products/{made['id']}"
    assert (await client.get(f"/api/products/{made['id']}")).status_code == 404
    assert (await shop.owner.client.get(f"/api/products/{made['id']}")).status_code == 200
    incomplete = await shop.owner.client.post(f"{url}/submit")
    assert (incomplete.json()["code"], incomplete.json()["missing"]) == ("goods.product_incomplete", ["pictures"])
    await patch(shop, made["id"], picture_ids=[picture_id])
    assert (await shop.owner.client.post(f"{url}/submit")).json()["state"] == "pending"
    queue = (await reviewer.client.get("/api/reviews/products", params={"limit": 100})).json()["items"]
    assert made["id"] in [p["id"] for p in queue]
    no_reason = await reviewer.client.post(f"/api/reviews/products/{made['id']}", json={"approve": False})
    assert no_reason.json()["code"] == "goods.reason_missing"
    refused = await reviewer.client.post(
        f"/api/reviews/products/{made['id']}", json={"approve": False, "reason": "标题夸大"}
    )
    assert (refused.json()["state"], refused.json()["refusal_reason"]) == ("refused", "标题夸大")
    approved = await approve(shop, reviewer, made["id"])
    assert (approved["state"], approved["refusal_reason"]) == ("approved", None)
    shown = (await client.get(f"/api/products/{made['id']}")).json()
    assert shown["skus"][0]["stock_left"] == 8
    assert shown["seller"]["licence_number"].startswith("91330881MA")
    assert shown["freight_fen"] == 5000
    async with here.database.transaction() as db:
        steps = select(review_entries.c.step).where(review_entries.c.product_id == uuid.UUID(made["id"]))
        assert list((await db.execute(steps.order_by(review_entries.c.id))).scalars()) == [
            "submit",
            "refuse",
            "submit",
            "approve",
        ]


async def test_a_new_price_is_sold_at_once_and_kept_in_the_history(
    shop: Shop, reviewer: Person, picture_id: str, here: Context
) -> None:
    made = (await create(shop, picture_ids=[picture_id])).json()
    await approve(shop, reviewer, made["id"])
    sku = made["skus"][0]
    for price in (119900, 109900):
        changed = (await patch(shop, made["id"], skus=[{"id": sku["id"], "name": "左开", "price_fen": price}])).json()
        assert (changed["state"], changed["price_fen_min"]) == ("approved", price)
    async with here.database.transaction() as db:
        prices = select(price_entries.c.price_fen).where(price_entries.c.sku_id == uuid.UUID(sku["id"]))
        assert list((await db.execute(prices.order_by(price_entries.c.id))).scalars()) == [129900, 119900, 109900]
        t = kernel_tables.outbox
        news = select(t.c.body).where(t.c.subject == "goods.product.changed", t.c.aggregate_id == made["id"])
        assert [b["approved"] for b in (await db.execute(news)).scalars()] == [True, True, True]
        quoted = (await goods.quote(db, [(uuid.UUID(sku["id"]), 2)]))[0]
    assert (quoted.unit_price_fen, quoted.quantity, quoted.approved, quoted.freight_fen) == (109900, 2, True, 5000)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "江山实木门 全国第一"},
        {"category_key": "security_door"},
        {"description": "改过的描述"},
        {"attributes": []},
        {"service_tags": ["seven_day_return"]},
        {"picture_ids": "another"},
        {"skus": "one more"},
    ],
)
async def test_what_was_reviewed_goes_back_to_review(
    shop: Shop, reviewer: Person, picture_id: str, here: Context, change: dict[str, Any]
) -> None:
    made = (await create(shop, picture_ids=[picture_id])).json()
    await approve(shop, reviewer, made["id"])
    if "picture_ids" in change:
        another = (await upload(shop.owner.client, picture_bytes(500, 500))).json()["id"]
        change = {"picture_ids": [another]}
    if "skus" in change:
        kept = {"id": made["skus"][0]["id"], "name": "左开", "price_fen": 129900}
        change = {"skus": [kept, {"name": "右开", "price_fen": 1, "stock": 1}]}
    changed = (await patch(shop, made["id"], **change)).json()
    assert changed["state"] == "pending"
    async with here.database.transaction() as db:
        with pytest.raises(NotOnSale):
            await goods.require_approved(db, [uuid.UUID(made["id"])])
    again = (await patch(shop, made["id"], title="在审核员眼前换掉")).json()
    assert again["state"] == "draft"


@pytest.mark.parametrize("change", [{"freight_fen": 0}, {"commission_bps": 2000}, {"title": "江山实木烤漆门"}])
async def test_what_was_not_reviewed_does_not(
    shop: Shop, reviewer: Person, picture_id: str, change: dict[str, Any]
) -> None:
    made = (await create(shop, picture_ids=[picture_id])).json()
    await approve(shop, reviewer, made["id"])
    assert (await patch(shop, made["id"], **change)).json()["state"] == "approved"


async def test_a_product_on_sale_keeps_a_picture_and_a_sku(shop: Shop, reviewer: Person, picture_id: str) -> None:
    made = (await create(shop, picture_ids=[picture_id])).json()
    await approve(shop, reviewer, made["id"])
    for member, missing in (("picture_ids", "pictures"), ("skus", "skus")):
        refused = await patch(shop, made["id"], **{member: []})
        assert (refused.status_code, refused.json()["missing"]) == (422, [missing])
    assert (await shop.owner.client.get(f"{shop.path}/products/{made['id']}")).json()["state"] == "approved"


async def test_sales_between_reading_and_saving_are_not_undone(shop: Shop, here: Context) -> None:
    made = (await create(shop)).json()
    sku = made["skus"][0]
    order = uuid.uuid4()
    async with here.database.transaction() as db:
        await goods.hold(db, order, [(uuid.UUID(sku["id"]), 3)])
        await goods.consume(db, order, {})
    body = {"id": sku["id"], "name": "左开", "price_fen": 129900, "stock": 10, "stock_was": 8}
    changed = (await patch(shop, made["id"], skus=[body])).json()
    assert changed["skus"][0]["stock"] == 7
    exact = (await patch(shop, made["id"], skus=[{**body, "stock": 4, "stock_was": None}])).json()
    assert exact["skus"][0]["stock"] == 4


async def test_a_removed_sku_is_no_longer_sold_and_its_code_is_free(shop: Shop, here: Context) -> None:
    skus = [
        {"name": "左开", "code": "D-L", "price_fen": 1, "stock": 1},
        {"name": "右开", "code": "D-R", "price_fen": 1, "stock": 1},
    ]
    made = (await create(shop, skus=skus)).json()
    left, right = made["skus"]
    changed = (await patch(shop, made["id"], skus=[{**skus[1], "id": right["id"], "code": "D-L"}])).json()
    assert [(s["name"], s["code"]) for s in changed["skus"]] == [("右开", "D-L")]
    async with here.database.transaction() as db:
        assert (await goods.quote(db, [(uuid.UUID(left["id"]), 1)]))[0].approved is False
        assert await goods.skus(db, [uuid.UUID(left["id"])]) == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"category_key": "home_building"}, "goods.category_unknown"),
        ({"category_key": "nothing"}, "goods.category_unknown"),
        ({"title": "门"}, "web.invalid"),
        ({"title": "长" * 61}, "web.invalid"),
        ({"selling_points": ["好"] * 6}, "web.invalid"),
        ({"service_tags": ["free_money"]}, "web.invalid"),
        ({"freight_fen": -1}, "web.invalid"),
        ({"freight_fen": 2**63}, "web.invalid"),
        ({"commission_bps": 8001}, "web.invalid"),
        ({"commission_bps": 12.5}, "web.invalid"),
        ({"picture_ids": ["x"]}, "web.invalid"),
        ({"skus": [{"name": "a", "price_fen": 0, "stock": 1}]}, "web.invalid"),
        ({"skus": [{"name": "a", "price_fen": True, "stock": 1}]}, "web.invalid"),
        ({"skus": [{"name": "a", "price_fen": "100", "stock": 1}]}, "web.invalid"),
        ({"skus": [{"name": "a", "price_fen": 10**9 + 1, "stock": 1}]}, "web.invalid"),
        ({"skus": [{"name": "a", "price_fen": 1, "stock": -1}]}, "web.invalid"),
        ({"skus": [{"name": "a", "price_fen": 1, "stock": 10**6 + 1}]}, "web.invalid"),
        ({"skus": [{"name": "a", "price_fen": 1}] * 2}, "goods.sku_name_repeated"),
        ({"skus": [{"name": "a", "price_fen": 1}] * 51}, "web.invalid"),
        ({"skus": [{"id": str(uuid.uuid4()), "name": "a", "price_fen": 1}]}, "goods.sku_foreign"),
        ({"description": "a\x00b"}, "web.invalid"),
        ({"state": "approved"}, "web.invalid"),
    ],
)
async def test_bad_products_are_refused_by_name(shop: Shop, change: dict[str, Any], code: str) -> None:
    refused = await create(shop, **change)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_a_code_stands_for_one_sku_of_a_shop(shop: Shop) -> None:
    sku = {"name": "左开", "code": "D-1", "price_fen": 1, "stock": 1}
    assert (await create(shop, skus=[sku])).status_code == 201
    taken = await create(shop, title="另一扇门", skus=[sku])
    assert (taken.status_code, taken.json()["code"], taken.json()["sku_code"]) == (409, "goods.sku_code_taken", "D-1")


async def test_a_sku_of_another_product_cannot_be_taken_over(shop: Shop) -> None:
    first, second = (await create(shop)).json(), (await create(shop, title="另一扇门")).json()
    body = {"id": first["skus"][0]["id"], "name": "偷来", "price_fen": 1}
    assert (await patch(shop, second["id"], skus=[body])).json()["code"] == "goods.sku_foreign"
    own = {"id": second["skus"][0]["id"], "name": "左开", "price_fen": 1}
    twice = await patch(shop, second["id"], skus=[own, {**own, "name": "右开"}])
    assert twice.json()["code"] == "goods.sku_foreign"


async def test_another_shops_products_are_out_of_reach(shop: Shop, sign_in: Any, here: Context) -> None:
    other = await sign_in()
    async with here.database.transaction() as db:
        theirs = Shop(await open_shop(db, other.id), other)
    made = (await create(shop)).json()
    assert (await other.client.get(f"{shop.path}/products")).status_code == 403
    for verb in ("submit", "withdraw"):
        assert (await other.client.post(f"{theirs.path}/products/{made['id']}/{verb}")).status_code == 404
    assert (
        await other.client.patch(f"{theirs.path}/products/{made['id']}", json={"title": "别人的门"})
    ).status_code == 404
    assert (await other.client.get(f"{theirs.path}/products/{made['id']}")).status_code == 404
    assert (await other.client.get("/api/shops/not-an-id/products")).status_code in (404, 422)


async def test_a_reviewer_does_not_review_their_own_shop(sign_in: Any, here: Context) -> None:
    both = await sign_in(roles=[("reviewer", "platform", None)])
    async with here.database.transaction() as db:
        own = Shop(await open_shop(db, both.id), both)
    made = (await create(own)).json()
    assert (await both.client.post(f"/api/reviews/products/{made['id']}", json={"approve": True})).status_code == 403


async def test_withdrawn_is_off_the_shelf_and_can_come_back_through_review(
    shop: Shop, reviewer: Person, picture_id: str, client: Any
) -> None:
    made = (await create(shop, picture_ids=[picture_id])).json()
    await approve(shop, reviewer, made["id"])
    url = f"{shop.path}/products/{made['id']}"
    assert (await shop.owner.client.post(f"{url}/withdraw")).json()["state"] == "withdrawn"
    assert (await client.get(f"/api/products/{made['id']}")).status_code == 404
    again = await shop.owner.client.post(f"{url}/withdraw")
    assert (again.status_code, again.json()["code"]) == (409, "goods.step_not_allowed")
    assert (await approve(shop, reviewer, made["id"]))["state"] == "approved"


async def test_the_shelf_shows_approved_products_by_word_category_and_page(
    shop: Shop, reviewer: Person, picture_id: str, client: Any
) -> None:
    titles = ["玄关门 甲", "玄关门 乙", "玄关门 丙", "儿童房门 百分百_好"]
    ids = []
    for title in titles:
        made = (await create(shop, title=title, picture_ids=[picture_id])).json()
        await approve(shop, reviewer, made["id"])
        ids.append(made["id"])
    await create(shop, title="玄关门 草稿")

    async def found(**query: Any) -> list[str]:
        page = (await client.get("/api/shelf", params={"shop_id": str(shop.id), **query})).json()
        return [item["title"] for item in page["items"]]

    assert await found() == titles[::-1]
    assert await found(q="玄关") == titles[2::-1]
    assert await found(q="xuanguan 乙") == ["玄关门 乙"]
    assert await found(q="xgm") == titles[2::-1]
    assert await found(q="%") == []
    assert await found(q="房_") == []
    assert await found(q="百分百_") == [titles[3]]
    assert await found(category="home_building") == titles[::-1]
    assert await found(category="fruit") == []
    assert (await client.get("/api/shelf", params={"category": "nothing"})).json()["code"] == "goods.category_unknown"
    first = (await client.get("/api/shelf", params={"shop_id": str(shop.id), "limit": 3})).json()
    rest = (
        await client.get("/api/shelf", params={"shop_id": str(shop.id), "limit": 3, "cursor": first["next_cursor"]})
    ).json()
    assert [i["id"] for i in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    card = first["items"][0]
    assert card["shop"]["id"] == str(shop.id)
    assert (card["price_fen_min"], card["stock_state"], card["sold_count"]) == (129900, "low", 0)
    assert (await client.get(f"/api/shops/{shop.id}")).json()["product_count"] == 4


async def test_the_merchants_own_list_and_todo(shop: Shop, reviewer: Person, picture_id: str) -> None:
    kept = (await create(shop, title="留着的门", picture_ids=[picture_id])).json()
    refused = (await create(shop, title="被退的门", picture_ids=[picture_id])).json()
    waiting = (await create(shop, title="待审的门", picture_ids=[picture_id])).json()
    await approve(shop, reviewer, kept["id"])
    for made in (refused, waiting):
        await shop.owner.client.post(f"{shop.path}/products/{made['id']}/submit")
    await reviewer.client.post(f"/api/reviews/products/{refused['id']}", json={"approve": False, "reason": "缺资质"})
    owner = shop.owner.client
    assert (await owner.get(f"{shop.path}/goods-todo")).json() == {"pending": 1, "refused": 1, "low_stock": 1}
    listed = (await owner.get(f"{shop.path}/products", params={"state": "refused"})).json()["items"]
    assert [p["title"] for p in listed] == ["被退的门"]
    listed = (await owner.get(f"{shop.path}/products", params={"q": "daishen"})).json()["items"]
    assert [p["title"] for p in listed] == ["待审的门"]


async def test_cards_and_missing_products_through_the_facade(shop: Shop, here: Context) -> None:
    made = (await create(shop)).json()
    async with here.database.transaction() as db:
        cards = await goods.product_cards(db, [uuid.UUID(made["id"]), uuid.uuid4()])
        assert [(c.title, c.approved, c.stock_left, c.stock_state) for c in cards.values()] == [
            ("江山实木烤漆门", False, 8, "low")
        ]
        assert await goods.product_cards(db, []) == {}
        with pytest.raises(ProductMissing):
            await goods.require_approved(db, [uuid.uuid4()])


async def test_the_same_key_creates_one_product(shop: Shop) -> None:
    key = {"Idempotency-Key": "make-one"}
    url = f"{shop.path}/products"
    first, second = [await shop.owner.client.post(url, json=door(), headers=key) for _ in range(2)]
    assert first.json() == second.json()
    other = await shop.owner.client.post(url, json=door(title="另一扇门"), headers=key)
    assert other.json()["code"] == "web.idempotency_key_reused"
