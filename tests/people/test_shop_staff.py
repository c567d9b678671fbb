"""Who works in a shop."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from tests.conftest import SignIn
from tests.people_of_tests import Person
from tests.trade.world import Shop, key, open_shop


async def add(by: Person, shop: Shop, phone: str, role: str = "staff") -> httpx.Response:
    return await by.client.post(f"/api/shops/{shop.id}/staff", json={"phone": phone, "role": role}, headers=key())


def roles(answer: httpx.Response) -> dict[str, Any]:
    return {one["person_id"]: one["role"] for one in answer.json()["items"]}


async def test_the_owner_lets_people_in_and_out(sign_in: SignIn) -> None:
    shop = await open_shop(sign_in)
    owner, packer = shop.staff, await sign_in(nickname="小张")
    assert (await packer.client.get(f"/api/shops/{shop.id}/orders")).status_code == 403
    added = await add(owner, shop, packer.phone)
    assert (added.status_code, roles(added)) == (201, {str(owner.id): "owner", str(packer.id): "staff"})
    assert packer.phone not in added.text
    assert (await packer.client.get(f"/api/shops/{shop.id}/orders")).status_code == 200
    me = (await packer.client.get("/api/me")).json()["grants"]
    assert [(g["role"], g["scope_name"]) for g in me] == [("staff", shop.name)]
    assert (await owner.client.delete(f"/api/shops/{shop.id}/staff/{packer.id}")).status_code == 204
    assert (await packer.client.get(f"/api/shops/{shop.id}/orders")).status_code == 403
    again = await owner.client.delete(f"/api/shops/{shop.id}/staff/{packer.id}")
    assert (again.status_code, again.json()["code"]) == (404, "people.shop_staff_missing")


async def test_a_manager_lets_staff_in_but_makes_no_managers(sign_in: SignIn) -> None:
    shop = await open_shop(sign_in)
    manager, packer, other = await sign_in(), await sign_in(), await sign_in()
    assert (await add(shop.staff, shop, manager.phone, "manager")).status_code == 201
    assert (await add(manager, shop, packer.phone)).status_code == 201
    assert (await add(manager, shop, other.phone, "manager")).status_code == 403
    assert (await add(manager, shop, manager.phone, "staff")).status_code == 403
    assert (await add(packer, shop, other.phone)).status_code == 403
    assert (await manager.client.delete(f"/api/shops/{shop.id}/staff/{manager.id}")).status_code == 403
    raised = await add(shop.staff, shop, packer.phone, "manager")
    assert roles(raised)[str(packer.id)] == "manager"


async def test_the_owner_stays(sign_in: SignIn) -> None:
    shop = await open_shop(sign_in)
    for answer in (
        await add(shop.staff, shop, shop.staff.phone),
        await shop.staff.client.delete(f"/api/shops/{shop.id}/staff/{shop.staff.id}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "people.shop_owner_stays")


async def test_a_phone_that_nobody_uses_is_told(sign_in: SignIn) -> None:
    shop = await open_shop(sign_in)
    assert (await add(shop.staff, shop, "13900009999")).json()["code"] == "people.nobody_with_phone"
    assert (await add(shop.staff, shop, "1")).json()["code"] == "people.phone_malformed"
    stranger = await sign_in(roles=[("owner", "shop", uuid.uuid4())])
    assert (await add(stranger, shop, shop.staff.phone)).status_code == 403
