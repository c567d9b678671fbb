"""An agency with its owner, approved."""

from __future__ import annotations

from typing import Any

from kaibo.kernel.ids import new_id
from kaibo.people.merchants.rules import licence_check_character
from tests.conftest import SignIn
from tests.people_of_tests import Person
from tests.trade.world import key, ok


async def open_agency(sign_in: SignIn, reviewer: Person) -> dict[str, Any]:
    boss = await sign_in(nickname="机构老板")
    stem = f"91330881{new_id().int % 10**9:09d}"
    body = {
        "name": f"江山星河传媒{stem[-9:]}",
        "legal_name": "江山星河文化传媒有限公司",
        "licence_number": stem + licence_check_character(stem),
        "contact_phone": boss.phone,
    }
    made = ok(await boss.client.post("/api/agencies", json=body, headers=key()))
    refused = await boss.client.get(f"/api/agencies/{made['id']}")
    assert refused.status_code == 403  # not before a reviewer has approved it
    ok(await reviewer.client.post(f"/api/reviews/agencies/{made['id']}", json={"approve": True}))
    return {**made, "boss": boss}
