"""Merchants: application, review, shop."""

from __future__ import annotations

import io
import itertools
import uuid
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import select

from kaibo.kernel import tables as kernel_tables
from kaibo.kernel.context import Context
from kaibo.people import facade as people
from kaibo.people.accounts.tables import standing
from kaibo.people.merchants.rules import licence_check_character

_numbers = itertools.count(1)


def application(**change: Any) -> dict[str, Any]:
    number = next(_numbers)
    first = f"91330881MA{number:07d}"
    return {
        "legal_name": "江山市实木门业有限公司",
        "licence_number": first + licence_check_character(first),
        "legal_person": "王建国",
        "contact_phone": "13812345678",
        "shop_name": f"江山木门旗舰店{number}",
        "province": "浙江",
        "city": "衢州",
        "address": "江山市贺村镇工业园 8 号",
        "category_keys": ["wooden_door"],
        **change,
    }


async def apply(client: httpx.AsyncClient, **change: Any) -> httpx.Response:
    return await client.post(
        "/api/merchants", json=application(**change), headers={"Idempotency-Key": str(uuid.uuid4())}
    )


async def decide(reviewer: Any, merchant_id: str, approve: bool = True, reason: str = "") -> httpx.Response:
    answer: httpx.Response = await reviewer.client.post(
        f"/api/reviews/merchants/{merchant_id}", json={"approve": approve, "reason": reason}
    )
    return answer


@pytest.fixture
async def reviewer(sign_in: Any) -> Any:
    return await sign_in(roles=[("reviewer", "platform", None)])


async def test_an_approved_merchant_has_a_shop_and_its_role(sign_in: Any, reviewer: Any, here: Context) -> None:
    owner = await sign_in()
    made = (await apply(owner.client)).json()
    assert (made["state"], made["shop"]) == ("pending", None)
    approved = (await decide(reviewer, made["id"])).json()
    shop_id = approved["shop"]["id"]
    me = (await owner.client.get("/api/me")).json()
    assert {"role": "owner", "scope_kind": "shop", "scope_id": shop_id, "scope_name": made["shop_name"]} in me["grants"]
    async with here.database.transaction() as db:
        view = (await people.shop_view(db, [uuid.UUID(shop_id)]))[uuid.UUID(shop_id)]  # type: ignore[index]
        entries = (
            await db.execute(select(standing).where(standing.c.person_id == owner.id).order_by(standing.c.id))
        ).all()
        events = (await db.execute(select(kernel_tables.outbox.c.subject))).scalars().all()
    assert view.legal_name == "江山市实木门业有限公司"
    assert view.address == "浙江省衢州市江山市贺村镇工业园 8 号"
    assert [e.what for e in entries] == ["merchant applied", "granted", "merchant approved"]
    assert entries[-1].actor_id == reviewer.id
    assert "people.merchant.approved" in events


async def test_a_refusal_needs_a_reason_and_lets_the_applicant_try_again(sign_in: Any, reviewer: Any) -> None:
    owner = await sign_in()
    body = application()
    made = (await apply(owner.client, **body)).json()
    assert (await decide(reviewer, made["id"], approve=False)).json()["code"] == "people.reason_missing"
    refused = (await decide(reviewer, made["id"], approve=False, reason="执照照片不清楚")).json()
    assert (refused["state"], refused["reason"]) == ("refused", "执照照片不清楚")
    assert (await decide(reviewer, made["id"])).json()["code"] == "people.already_decided"
    again = await apply(owner.client, **body)
    assert again.status_code == 201
    mine = (await owner.client.get("/api/merchants/mine")).json()["items"]
    assert [m["state"] for m in mine] == ["pending", "refused"]


async def test_one_licence_and_one_name_stand_for_one_shop(sign_in: Any, reviewer: Any) -> None:
    first, second = await sign_in(), await sign_in()
    made = (await apply(first.client)).json()
    same_licence = await apply(second.client, licence_number=made["licence_number"])
    assert (same_licence.status_code, same_licence.json()["code"]) == (409, "people.licence_taken")
    same_name = await apply(second.client, shop_name=made["shop_name"])
    assert same_name.json()["code"] == "people.shop_name_taken"
    await decide(reviewer, made["id"])
    assert (await apply(second.client, shop_name=made["shop_name"])).json()["code"] == "people.shop_name_taken"


async def test_a_reviewer_cannot_approve_their_own_shop(sign_in: Any, reviewer: Any) -> None:
    made = (await apply(reviewer.client)).json()
    assert (await decide(reviewer, made["id"])).json()["code"] == "people.own_case"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"licence_number": "91330881MA0000000X"}, "people.licence_malformed"),
        ({"contact_phone": "0571-88888888"}, "people.phone_malformed"),
        ({"province": "广东", "city": "杭州"}, "people.address_invalid"),
        ({"category_keys": ["x"] * 21}, "web.invalid"),
        ({"category_keys": ["DROP TABLE"]}, "web.invalid"),
        ({"legal_name": ""}, "web.invalid"),
        ({"licence_picture_id": "not-an-id"}, "web.invalid"),
    ],
)
async def test_bad_applications_are_refused_by_name(sign_in: Any, change: dict[str, Any], code: str) -> None:
    owner = await sign_in()
    refused = await apply(owner.client, **change)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_reviews_are_paged_oldest_first(sign_in: Any, reviewer: Any) -> None:
    owner = await sign_in()
    made = [(await apply(owner.client)).json()["id"] for _ in range(3)]
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await reviewer.client.get("/api/reviews/merchants", params=params)).json()
        seen += [m["id"] for m in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [i for i in seen if i in made] == made
    bad = await reviewer.client.get("/api/reviews/merchants", params={"cursor": "bm9uc2Vuc2U"})
    assert bad.json()["code"] == "kernel.bad_cursor"


async def test_a_shop_is_furnished_by_its_staff_only(sign_in: Any, reviewer: Any) -> None:
    owner, stranger = await sign_in(), await sign_in()
    shop_id = (await decide(reviewer, (await apply(owner.client)).json()["id"])).json()["shop"]["id"]
    done = await owner.client.patch(f"/api/shops/{shop_id}", json={"description": "三代木匠"})
    assert done.json()["description"] == "三代木匠"
    assert (await stranger.client.patch(f"/api/shops/{shop_id}", json={"description": "x"})).status_code == 403
    missing = await owner.client.patch(f"/api/shops/{shop_id}", json={"avatar_picture_id": str(uuid.uuid4())})
    assert missing.status_code == 404
    shown = (await stranger.client.get(f"/api/shops/{shop_id}")).json()
    assert shown["description"] == "三代木匠"
    assert shown["merchant"]["licence_number"].startswith("91330881MA")
    assert shown["product_count"] == 0


async def test_the_reviewer_sees_the_picture_of_the_licence(sign_in: Any, reviewer: Any) -> None:
    owner = await sign_in()
    out = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(out, "PNG")
    files = {"file": ("licence.png", out.getvalue(), "image/png")}
    picture = (await owner.client.post("/api/pictures", files=files)).json()
    made = (await apply(owner.client, licence_picture_id=picture["id"])).json()
    assert made["licence_picture_url"] == picture["url"]
    nowhere = await apply(owner.client, licence_picture_id=str(uuid.uuid4()))
    assert (nowhere.status_code, nowhere.json()["what"]) == (404, "picture")
