"""Delivery addresses."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from kaibo.kernel.context import Context
from kaibo.people import facade as people
from kaibo.people.contracts import AddressMissing

HOME = {
    "name": "李雷",
    "phone": "13812345678",
    "province": "浙江",
    "city": "衢州",
    "district": "江山市",
    "detail": "贺村镇淤头路 18 号",
}


async def add(client: httpx.AsyncClient, key: str | None = None, **change: Any) -> httpx.Response:
    return await client.post(
        "/api/addresses", json={**HOME, **change}, headers={"Idempotency-Key": key or str(uuid.uuid4())}
    )


async def test_the_first_address_is_the_default_and_names_become_full(sign_in: Any) -> None:
    buyer = await sign_in()
    made = await add(buyer.client)
    assert made.status_code == 201
    body = made.json()
    assert (body["province"], body["city"], body["is_default"]) == ("浙江省", "衢州市", True)
    assert (body["phone"], body["phone_masked"]) == ("13812345678", "138****5678")


async def test_there_is_one_default_however_many_are_added_at_once(sign_in: Any) -> None:
    buyer = await sign_in()
    answers = await asyncio.gather(*(add(buyer.client, is_default=True) for _ in range(6)))
    assert {a.status_code for a in answers} == {201}
    items = (await buyer.client.get("/api/addresses")).json()["items"]
    assert [i["is_default"] for i in items] == [True] + [False] * 5


async def test_the_same_key_adds_once_and_another_body_under_it_is_refused(sign_in: Any) -> None:
    buyer = await sign_in()
    answers = await asyncio.gather(*(add(buyer.client, "k-1") for _ in range(4)))
    assert len({a.json()["id"] for a in answers}) == 1
    other = await add(buyer.client, "k-1", name="韩梅梅")
    assert (other.status_code, other.json()["code"]) == (409, "web.idempotency_key_reused")


async def test_the_default_passes_on_when_it_is_deleted(sign_in: Any) -> None:
    buyer = await sign_in()
    first, second, third = [(await add(buyer.client, name=f"人{i}")).json() for i in range(3)]
    assert (await buyer.client.delete(f"/api/addresses/{first['id']}")).status_code == 204
    items = (await buyer.client.get("/api/addresses")).json()["items"]
    assert [i["id"] for i in items if i["is_default"]] == [third["id"]]
    assert {i["id"] for i in items} == {second["id"], third["id"]}


async def test_members_that_are_not_sent_stay(sign_in: Any) -> None:
    buyer = await sign_in()
    made = (await add(buyer.client)).json()
    url = f"/api/addresses/{made['id']}"
    changed = (await buyer.client.patch(url, json={"detail": "新址 1 号"})).json()
    assert changed == {**made, "detail": "新址 1 号"}
    moved = await buyer.client.patch(url, json={"province": "云南省"})
    assert moved.json()["code"] == "people.address_invalid"
    assert moved.json()["field"] == "city"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"phone": "123"}, "people.phone_malformed"),
        ({"province": "加利福尼亚"}, "people.address_invalid"),
        ({"city": "广州"}, "people.address_invalid"),
        ({"name": ""}, "web.invalid"),
        ({"name": "长" * 31}, "web.invalid"),
        ({"detail": "a\x00b"}, "web.invalid"),
        ({"is_default": 1}, "web.invalid"),
        ({"unknown": "x"}, "web.invalid"),
    ],
)
async def test_bad_addresses_are_refused_by_name(sign_in: Any, change: dict[str, Any], code: str) -> None:
    buyer = await sign_in()
    refused = await add(buyer.client, **change)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_twenty_addresses_are_enough(sign_in: Any) -> None:
    buyer = await sign_in()
    answers = [await add(buyer.client) for _ in range(21)]
    assert [a.status_code for a in answers] == [201] * 20 + [422]
    assert answers[-1].json()["code"] == "people.addresses_full"


async def test_nobody_reaches_anothers_address(sign_in: Any, here: Context) -> None:
    owner, stranger = await sign_in(), await sign_in()
    made = (await add(owner.client)).json()
    url = f"/api/addresses/{made['id']}"
    assert (await stranger.client.patch(url, json={"detail": "偷来的"})).status_code == 404
    assert (await stranger.client.delete(url)).status_code == 404
    async with here.database.transaction() as db:
        view = await people.address_of(db, owner.id, uuid.UUID(made["id"]))
        assert view.detail == HOME["detail"]
        with pytest.raises(AddressMissing):
            await people.address_of(db, stranger.id, uuid.UUID(made["id"]))


async def test_pasted_text_comes_back_in_parts(sign_in: Any) -> None:
    buyer = await sign_in()
    text = "李雷，13812345678，浙江省衢州市江山市贺村镇淤头路18号"
    found = (await buyer.client.post("/api/addresses/parse", json={"text": text})).json()
    assert found == {
        "name": "李雷",
        "phone": "13812345678",
        "province": "浙江省",
        "city": "衢州市",
        "district": "江山市",
        "detail": "贺村镇淤头路18号",
    }
    too_long = await buyer.client.post("/api/addresses/parse", json={"text": "长" * 501})
    assert too_long.status_code == 422
