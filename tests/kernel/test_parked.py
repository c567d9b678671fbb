"""What a consumer could not handle: operators see it, replay it, or close it with a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, select

from kaibo.kernel import tables
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.events import Event, encode
from kaibo.kernel.ids import new_id
from kaibo.kernel.reactions import Reaction
from tests.people_of_tests import Person

ROUTE = "/api/operator/parked-events"
OPERATOR = [("operator", "platform", None)]
ENGLISH = {"Accept-Language": "en"}


@dataclass(frozen=True)
class BellRang(Event):
    subject: ClassVar[str] = "test.bell_rang"
    bell: str

    @property
    def aggregate_id(self) -> str:
        return self.bell


class Bell:
    """A reaction that works or does not."""

    def __init__(self) -> None:
        self.broken = False
        self.heard: list[str] = []

    async def hear(self, db: Db, event: BellRang) -> None:
        if self.broken:
            raise ValueError("the clapper is missing")
        self.heard.append(event.bell)


@pytest.fixture
def bell(app: Any) -> Iterator[Bell]:
    """A consumer `test-hear` known to the running application."""
    made = Bell()
    known = app.state.kaibo.parts[Reaction]
    known["test-hear"] = Reaction("test-hear", BellRang, made.hear)
    yield made
    del known["test-hear"]


@pytest.fixture
async def none_parked(here: Context) -> AsyncIterator[None]:
    async with here.database.transaction() as db:
        await db.execute(delete(tables.parked))
    yield
    async with here.database.transaction() as db:
        await db.execute(delete(tables.parked))


async def park(here: Context, bell: str = "b1", consumer: str = "test-hear") -> UUID:
    parked_id = new_id()
    row = {"id": parked_id, "consumer": consumer, "event_id": new_id(), "subject": BellRang.subject}
    told = {"body": encode(BellRang(bell=bell)), "error": "Traceback: it failed", "tries": 5}
    async with here.database.transaction() as db:
        await db.execute(tables.parked.insert().values(**row, **told))
    return parked_id


async def row_of(here: Context, parked_id: UUID) -> Any:
    async with here.database.transaction() as db:
        return (await db.execute(select(tables.parked).where(tables.parked.c.id == parked_id))).one()


async def test_operators_see_what_is_parked_page_by_page(
    sign_in: Callable[..., Any], here: Context, none_parked: None
) -> None:
    parked = [str(await park(here, f"b{n}")) for n in range(5)]
    operator: Person = await sign_in(roles=OPERATOR)
    seen: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = (await operator.client.get(ROUTE, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        seen += page["items"]
        if not (cursor := page["next_cursor"]):
            break
    assert [item["id"] for item in seen] == parked
    assert seen[0]["consumer"] == "test-hear"
    assert seen[0]["error"] == "Traceback: it failed"
    assert seen[0]["body"] == {"bell": "b0"}
    assert seen[0]["tries"] == 5


async def test_a_replay_that_succeeds_runs_once_and_closes(
    sign_in: Callable[..., Any], here: Context, bell: Bell, none_parked: None
) -> None:
    parked_id = await park(here)
    operator: Person = await sign_in(roles=OPERATOR)
    assert (await operator.client.post(f"{ROUTE}/{parked_id}/replay")).status_code == 204
    assert bell.heard == ["b1"]
    row = await row_of(here, parked_id)
    assert row.closed_why == "replayed"
    assert row.closed_by == operator.id
    assert (await operator.client.get(ROUTE)).json()["items"] == []
    again = await operator.client.post(f"{ROUTE}/{parked_id}/replay")
    assert again.status_code == 404
    assert bell.heard == ["b1"]


async def test_a_replay_that_fails_says_how_and_stays_open(
    sign_in: Callable[..., Any], here: Context, bell: Bell, none_parked: None
) -> None:
    parked_id = await park(here)
    operator: Person = await sign_in(roles=OPERATOR)
    bell.broken = True
    answer = await operator.client.post(f"{ROUTE}/{parked_id}/replay", headers=ENGLISH)
    assert answer.status_code == 409
    assert answer.json()["code"] == "kernel.replay_failed"
    assert "the clapper is missing" in answer.json()["title"]
    assert (await row_of(here, parked_id)).closed_at is None
    bell.broken = False
    assert (await operator.client.post(f"{ROUTE}/{parked_id}/replay")).status_code == 204
    assert bell.heard == ["b1"]


async def test_an_event_of_a_consumer_that_is_gone_can_only_be_closed(
    sign_in: Callable[..., Any], here: Context, none_parked: None
) -> None:
    parked_id = await park(here, consumer="test-gone")
    operator: Person = await sign_in(roles=OPERATOR)
    answer = await operator.client.post(f"{ROUTE}/{parked_id}/replay")
    assert answer.status_code == 409
    assert answer.json()["code"] == "kernel.no_such_consumer"
    assert (await close(operator.client, parked_id, "the consumer was removed")).status_code == 204
    row = await row_of(here, parked_id)
    assert row.closed_why == "the consumer was removed"
    assert row.closed_by == operator.id


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
async def test_closing_needs_a_reason(
    sign_in: Callable[..., Any], here: Context, none_parked: None, reason: str
) -> None:
    parked_id = await park(here)
    operator: Person = await sign_in(roles=OPERATOR)
    assert (await close(operator.client, parked_id, reason)).status_code == 422
    assert (await row_of(here, parked_id)).closed_at is None


@pytest.mark.parametrize("roles", [[], [("reviewer", "platform", None)]])
async def test_only_operators_touch_parked_events(
    sign_in: Callable[..., Any],
    client: httpx.AsyncClient,
    here: Context,
    bell: Bell,
    none_parked: None,
    roles: list[tuple[str, str, UUID | None]],
) -> None:
    parked_id = await park(here)
    person: Person = await sign_in(roles=roles)
    for caller, status in ((person.client, 403), (client, 401)):
        assert (await caller.get(ROUTE)).status_code == status
        assert (await caller.post(f"{ROUTE}/{parked_id}/replay")).status_code == status
        assert (await close(caller, parked_id, "mine")).status_code == status
    assert bell.heard == []
    assert (await row_of(here, parked_id)).closed_at is None


async def test_what_is_not_parked_is_not_found(sign_in: Callable[..., Any]) -> None:
    operator: Person = await sign_in(roles=OPERATOR)
    assert (await operator.client.post(f"{ROUTE}/{new_id()}/replay")).status_code == 404
    assert (await close(operator.client, new_id(), "none")).status_code == 404
    assert (await operator.client.post(f"{ROUTE}/not-an-id/replay")).status_code == 422


async def close(client: httpx.AsyncClient, parked_id: UUID, reason: str) -> httpx.Response:
    return await client.request("DELETE", f"{ROUTE}/{parked_id}", json={"reason": reason})
