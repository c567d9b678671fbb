"""Which rates a category allows, from `limits.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from kaibo.goods.catalog.categories import categories


@cache
def _table() -> dict[str, tuple[int, int]]:
    file = resources.files("kaibo.goods.affiliate").joinpath("limits.toml")
    found = {
        key: (entry["min"], entry["max"]) for key, entry in tomllib.loads(file.read_text(encoding="utf-8")).items()
    }
    for key, (low, high) in found.items():
        if (key != "default" and key not in categories()) or not 0 <= low <= high <= 10_000:
            raise ValueError(f"limits.toml: {key} is no category, or {low}..{high} is no range of basis points")
    return found


def rate_limits(category_key: str) -> tuple[int, int]:
    """(least, most) commission in basis points that a plan may offer for products of this category."""
    category = categories().get(category_key)
    parent = category.parent_key if category else None
    table = _table()
    return table.get(category_key) or table.get(parent or "") or table["default"]
