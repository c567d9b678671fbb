"""How a SKU without a merchant's code stands in the column "code" of an export, so that it is found again. Pure."""

from __future__ import annotations

from uuid import UUID

PREFIX = "id:"


def name_of_sku(sku_id: UUID) -> str:
    return f"{PREFIX}{sku_id}"


def sku_named(code: str) -> UUID | None:
    """The id in such a name, None for a code."""
    try:
        return UUID(code.removeprefix(PREFIX)) if code.startswith(PREFIX) else None
    except ValueError:
        return None
