"""Webhook endpoints of a shop and of the platform: the same handlers under two addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from kaibo.kernel.i18n import Locale, say
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth
from kaibo.open.webhooks.change_endpoint import change_endpoint, remove_endpoint, rotate_secret
from kaibo.open.webhooks.lookup import deliveries_of, delivery_in_full, endpoint_row, endpoints_of, secrets_of
from kaibo.open.webhooks.model import DeliveryState
from kaibo.open.webhooks.open_endpoint import open_endpoint
from kaibo.open.webhooks.published import FOR_SHOPS, PUBLISHED
from kaibo.open.webhooks.replay import replay_failed, replay_one, send_test
from kaibo.open.wire import (
    DeliveryFull,
    DeliveryWire,
    EndpointBody,
    EndpointCreated,
    EndpointPatch,
    Endpoints,
    EndpointWire,
    EventTypesWire,
    EventTypeWire,
    ReplayBody,
    Replayed,
    SecretsWire,
)

router = APIRouter(tags=["webhooks"])


async def _owner(request: Request) -> UUID | None:
    """The shop in the path, whose staff the caller is by then; None: the platform."""
    written = request.path_params.get("shop_id")
    return None if written is None else UUID(written)


async def _names_shop(shop_id: Id) -> None:
    """Documents {shop_id} for the handlers below, which ask `_owner`."""
    del shop_id


Owner = Annotated[UUID | None, Depends(_owner)]


@router.get("/api/webhook-event-types", dependencies=[auth.public])
async def list_webhook_event_types(caller: CallerDep) -> EventTypesWire:
    """What an endpoint can hear. Shapes: the section `webhooks` of the OpenAPI document."""
    return EventTypesWire(
        items=[
            EventTypeWire(type=name, title=_title(name, caller.locale), for_shops=name in FOR_SHOPS)
            for name in PUBLISHED
        ]
    )


def _title(event_type: str, locale: Locale) -> str:
    return say(f"open.event.{event_type.replace('.', '_')}", locale, {})


async def list_endpoints(db: DbDep, owner: Owner) -> Endpoints:
    """Every endpoint, without its secret."""
    return Endpoints(items=[EndpointWire.of(one) for one in await endpoints_of(db, owner)])


async def create_endpoint(
    body: EndpointBody, db: DbDep, caller: CallerDep, owner: Owner, idem: Idempotent
) -> EndpointCreated:
    """Register an address. Send it a test before you rely on it."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return EndpointCreated.model_validate(seen.response)
        endpoint, secrets = await open_endpoint(db, owner, by=caller.id, **body.model_dump())
        facts = seen.keep(EndpointCreated(endpoint=EndpointWire.of(endpoint), secret=None))
        return facts.model_copy(update={"secret": secrets.secret})


async def patch_endpoint(endpoint_id: Id, body: EndpointPatch, db: DbDep, owner: Owner) -> EndpointWire:
    """Change it, or switch it on or off. What waits when it goes off has failed; a replay brings it back."""
    return EndpointWire.of(await change_endpoint(db, owner, endpoint_id, **body.model_dump()))


async def delete_endpoint(endpoint_id: Id, db: DbDep, owner: Owner) -> None:
    """Nothing more is sent there."""
    await remove_endpoint(db, owner, endpoint_id)


async def get_secret(endpoint_id: Id, db: DbDep, owner: Owner) -> SecretsWire:
    """The signing secret."""
    return SecretsWire.of(secrets_of(await endpoint_row(db, owner, endpoint_id)))


async def rotate(endpoint_id: Id, db: DbDep, owner: Owner) -> SecretsWire:
    """A new secret; for 24 hours calls are signed with the old one too."""
    return SecretsWire.of(await rotate_secret(db, owner, endpoint_id))


async def test_endpoint(endpoint_id: Id, db: DbDep, owner: Owner) -> DeliveryFull:
    """Send a message of type `webhook.test` to this endpoint."""
    return DeliveryFull.of(await send_test(db, owner, endpoint_id))


async def list_deliveries(
    endpoint_id: Id,
    db: DbDep,
    owner: Owner,
    page: PageQuery,
    state: DeliveryState | None = None,
    type: Annotated[str | None, Query(max_length=60)] = None,
) -> Page[DeliveryWire]:
    """The log of the last thirty days, newest first."""
    await endpoint_row(db, owner, endpoint_id)
    found = await deliveries_of(db, endpoint_id, state=state, type_=type, before=page.uuid(0), limit=page.limit + 1)
    items = [DeliveryWire.of(one) for one in found[: page.limit]]
    return Page(items=items, next_cursor=page.next(found))


async def get_delivery(endpoint_id: Id, delivery_id: Id, db: DbDep, owner: Owner) -> DeliveryFull:
    """What was sent, and every answer."""
    await endpoint_row(db, owner, endpoint_id)
    return DeliveryFull.of(await delivery_in_full(db, endpoint_id, delivery_id))


async def replay_delivery(endpoint_id: Id, delivery_id: Id, db: DbDep, owner: Owner) -> DeliveryFull:
    """Send it again now, with the same `webhook-id`."""
    return DeliveryFull.of(await replay_one(db, owner, endpoint_id, delivery_id))


async def replay_all_failed(endpoint_id: Id, body: ReplayBody, db: DbDep, owner: Owner) -> Replayed:
    """Send everything again that failed since a time; 1,000 at most, call again for more."""
    return Replayed(count=await replay_failed(db, owner, endpoint_id, body.since))


_ONE = "/{endpoint_id}"
_DELIVERIES = f"{_ONE}/deliveries"
_ROUTES: tuple[tuple[str, str, str, Callable[..., Any], int], ...] = (
    ("GET", "", "list_{}_webhooks", list_endpoints, 200),
    ("POST", "", "create_{}_webhook", create_endpoint, 201),
    ("PATCH", _ONE, "patch_{}_webhook", patch_endpoint, 200),
    ("DELETE", _ONE, "delete_{}_webhook", delete_endpoint, 204),
    ("POST", f"{_ONE}/rotate", "rotate_{}_webhook_secret", rotate, 200),
    ("POST", f"{_ONE}/test", "test_{}_webhook", test_endpoint, 202),
    ("POST", f"{_ONE}/replay", "replay_{}_webhook_failures", replay_all_failed, 200),
    ("GET", _DELIVERIES, "list_{}_webhook_deliveries", list_deliveries, 200),
    ("GET", f"{_DELIVERIES}/{{delivery_id}}", "get_{}_webhook_delivery", get_delivery, 200),
    ("POST", f"{_DELIVERIES}/{{delivery_id}}/replay", "replay_{}_webhook_delivery", replay_delivery, 200),
)


def _add(base: str, whose: str, *who: Any) -> None:
    """A secret is told to people only, whatever a token may do."""
    for method, path, name, handler, status in _ROUTES:
        scope = auth.scope("webhooks:read" if method == "GET" else "webhooks:write")
        router.add_api_route(
            base + path,
            handler,
            methods=[method],
            name=name.format(whose),
            status_code=status,
            dependencies=[*who, scope],
        )
    path, name = f"{base}{_ONE}/secret", f"get_{whose}_webhook_secret"
    router.add_api_route(path, get_secret, methods=["GET"], name=name, dependencies=[*who])


_add("/api/shops/{shop_id}/webhooks", "shop", auth.shop_staff, Depends(_names_shop))
_add("/api/operator/webhooks", "platform", auth.platform("operator"))
