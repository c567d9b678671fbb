"""The bag's limits and its order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from kaibo.stage.contracts import BagOrderStale

BAG_ITEMS_MAX = 200


def renumbered(current: Sequence[UUID], wanted: Sequence[UUID]) -> dict[UUID, int]:
    """Item -> number 1..n in the wanted order. Raises BagOrderStale unless both are the same set, each item once."""
    if len(wanted) != len(set(wanted)) or set(wanted) != set(current):
        raise BagOrderStale(
            missing=sorted(str(i) for i in set(current) - set(wanted)),
            unknown=sorted({str(i) for i in wanted if i not in set(current) or list(wanted).count(i) > 1}),
        )
    return {item: number for number, item in enumerate(wanted, start=1)}
