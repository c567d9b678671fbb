"""schemathesis over the whole OpenAPI, as everybody who has a role: whatever is sent, no answer is a 5xx.

Runs last of the journeys (files go in alphabetical order): it may end broadcasts and delete accounts.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kaibo.demo.person import Person
from tests.journeys.town import Town

pytestmark = pytest.mark.xdist_group("journeys")

CASES_AN_OPERATION = 7
LAST = ("DELETE /api/me", "POST /api/logout")
"""They end the caller's login, and what comes after would only be refused."""


def known_ids(town: Town) -> dict[str, str]:
    """Ids that exist, so that the cases get past the first look-up."""
    return {
        "room_id": town.room_id,
        "shop_id": town.shop_id,
        "product_id": town.product_id,
        "broadcast_id": town.broadcast_id,
        "item_id": town.item_id,
        "sku_id": town.sku_id,
    }


@pytest.mark.parametrize("who", ["nobody", "host", "merchant", "reviewer"])
async def test_no_input_makes_the_server_fail(town: Town, who: str) -> None:
    schema = schemathesis.openapi.from_url(f"{town.house.url}/api/openapi.json")
    caller: Person = Person(town.door) if who == "nobody" else getattr(town, who)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 90
    failures: list[str] = []
    for operation in sorted(operations, key=lambda o: f"{o.method.upper()} {o.path}" in LAST):
        failures += try_out(operation, caller, known_ids(town))
    assert not failures, "\n".join(failures)


def try_out(operation: Any, caller: Person, ids: dict[str, str]) -> list[str]:
    """The failures of one operation, each with the request that caused it."""
    failures: list[str] = []

    @settings(
        max_examples=CASES_AN_OPERATION,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.booleans())
    def run(case: Any, real: bool) -> None:
        if real and case.path_parameters:
            case.path_parameters = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
        headers = {"Idempotency-Key": "k" * 12} if operation.method.upper() == "POST" else {}
        if token := caller.cookies.get("kaibo_csrf"):
            headers["X-CSRF-Token"] = token
        answer = case.call(headers=headers, cookies=caller.cookies)
        if answer.status_code >= 500 and len(failures) < 3:
            failures.append(
                f"{operation.method.upper()} {operation.path} -> {answer.status_code}: {case.as_curl_command()[:600]}"
            )

    run()
    return failures
