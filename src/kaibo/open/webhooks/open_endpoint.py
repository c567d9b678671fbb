"""Register an address to be called."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, text

from kaibo.kernel import config
from kaibo.kernel.db import Db
from kaibo.open.contracts import BadUrl, EndpointsFull, EventTypeUnknown
from kaibo.open.webhooks import rules
from kaibo.open.webhooks.lookup import SEAL, endpoint_row, endpoint_view
from kaibo.open.webhooks.model import Endpoint, Secrets
from kaibo.open.webhooks.published import FOR_SHOPS, PUBLISHED
from kaibo.open.webhooks.tables import endpoints
from kaibo.people import facade as people


async def open_endpoint(
    db: Db, owner: UUID | None, *, url: str, description: str, event_types: Sequence[str], by: UUID
) -> tuple[Endpoint, Secrets]:
    """A new endpoint, switched on, with a secret of its own. Raises BadUrl, EventTypeUnknown, EndpointsFull."""
    check_url(url)
    check_types(owner, event_types)
    name = f"open.endpoints:{owner or 'platform'}"
    await db.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
    mine = endpoints.c.shop_id.is_not_distinct_from(owner) & (endpoints.c.state != "removed")
    if (await db.scalar(select(func.count()).select_from(endpoints).where(mine)) or 0) >= rules.ENDPOINTS_MAX:
        raise EndpointsFull(endpoints_max=rules.ENDPOINTS_MAX)
    secret = new_secret()
    made = await db.execute(
        endpoints.insert()
        .values(
            shop_id=owner,
            url=url,
            description=description,
            event_types=in_order(event_types),
            state="on",
            secret_sealed=people.seal_secret(secret, SEAL),
            created_by=by,
        )
        .returning(endpoints.c.id)
    )
    return endpoint_view(await endpoint_row(db, owner, made.scalar_one())), Secrets(secret, None, None)


def new_secret() -> str:
    return rules.spell_secret(secrets.token_bytes(rules.SECRET_BYTES))


def check_url(url: str) -> None:
    """Raises BadUrl."""
    problem = rules.url_problem(url, private_allowed=config.current().webhook_private_addresses)
    if problem is not None:
        raise BadUrl(url=url[:100], because=[problem])


def check_types(owner: UUID | None, event_types: Sequence[str]) -> None:
    """Raises EventTypeUnknown; a shop hears of what is its own."""
    known = PUBLISHED if owner is None else FOR_SHOPS
    for event_type in event_types:
        if event_type not in known:
            raise EventTypeUnknown(event_type=event_type[:60])


def in_order(event_types: Sequence[str]) -> list[str]:
    return [known for known in PUBLISHED if known in event_types]
