"""Whether a shop may list something new: wings above have a say (its deposit is too low), which goods need not know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from kaibo.kernel.db import Db

ListingCheck = Callable[[Db, UUID], Awaitable[None]]
_checks: list[ListingCheck] = []


def register_listing_check(check: ListingCheck) -> None:
    """`check` is asked with the shop's id before a product is handed in; it raises the refusal."""
    if check not in _checks:
        _checks.append(check)


async def require_may_list(db: Db, shop_id: UUID) -> None:
    """Raises what a registered check raises."""
    for check in _checks:
        await check(db, shop_id)
