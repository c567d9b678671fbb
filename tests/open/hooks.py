"""Endpoints through the routes, events through the reactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kaibo import house
from kaibo.kernel import clock, reactions
from kaibo.kernel.context import Context
from kaibo.kernel.events import Event, encode
from kaibo.kernel.ids import new_id
from kaibo.open.webhooks.published import PUBLISHED
from kaibo.trade.contracts import OrderedLine, OrderPaid, Source
from tests.people_of_tests import Person
from tests.trade.world import key, ok


@dataclass
class Hook:
    person: Person
    base: str
    id: str
    secret: str

    async def get(self, path: str, **params: Any) -> Any:
        return ok(await self.person.client.get(f"{self.base}/{self.id}{path}", params=params))

    async def post(self, path: str, body: Any = None) -> Any:
        return ok(await self.person.client.post(f"{self.base}/{self.id}{path}", json=body))

    async def patch(self, **body: Any) -> Any:
        return ok(await self.person.client.patch(f"{self.base}/{self.id}", json=body))

    async def facts(self) -> dict[str, Any]:
        found = ok(await self.person.client.get(self.base))["items"]
        return dict(next(one for one in found if one["id"] == self.id))

    async def log(self, **params: Any) -> list[dict[str, Any]]:
        return list((await self.get("/deliveries", **params))["items"])


async def hook(person: Person, base: str, url: str, *types: str) -> Hook:
    body = {"url": url, "event_types": list(types), "description": "ERP"}
    made = ok(await person.client.post(base, json=body, headers=key()))
    return Hook(person, base, made["endpoint"]["id"], made["secret"])


def of_shop(shop_id: Any) -> str:
    return f"/api/shops/{shop_id}/webhooks"


def paid(shop_id: UUID, number: str = "1") -> OrderPaid:
    line = OrderedLine(sku_id=new_id(), product_id=new_id(), title="大蒜", quantity=2, line_fen=5980)  # type: ignore[arg-type]
    return OrderPaid(
        order_id=new_id(),  # type: ignore[arg-type]
        number=number,
        buyer_id=new_id(),  # type: ignore[arg-type]
        buyer_nickname="李**",
        shop_id=shop_id,  # type: ignore[arg-type]
        source=Source("broadcast", new_id()),
        creator_id=new_id(),  # type: ignore[arg-type]
        lines=[line],
        total_fen=5980,
        at=clock.now(),
    )


async def happened(here: Context, event: Event, event_id: UUID | None = None) -> bool:
    """As the consumer does it; returns False where the event had been handled."""
    (consumer,) = (f"open-webhook_{name.replace('.', '_')}" for name, p in PUBLISHED.items() if p.event is type(event))
    return await reactions.apply(here.database, house.reactions()[consumer], event_id or new_id(), encode(event))
