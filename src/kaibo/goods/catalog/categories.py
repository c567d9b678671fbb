"""The category tree, from `categories.toml`: two levels, stable keys, names in both languages."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from kaibo.goods.contracts import CategoryUnknown
from kaibo.kernel.i18n import Locale


@dataclass(frozen=True)
class Category:
    key: str
    zh: str
    en: str
    parent_key: str | None

    def name(self, locale: Locale) -> str:
        return self.zh if locale == "zh" else self.en


@cache
def categories() -> dict[str, Category]:
    """Every category by its key, each parent before its leaves."""
    file = resources.files("kaibo.goods.catalog").joinpath("categories.toml")
    found: dict[str, Category] = {}
    for parent, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
        found[parent] = Category(parent, entry["zh"], entry["en"], None)
        for key, (zh, en) in entry["leaves"].items():
            if key in found:
                raise ValueError(f"category key {key} stands twice")
            found[key] = Category(key, zh, en, parent)
    return found


def require_leaf(key: str) -> str:
    """Raises CategoryUnknown for a key that is none, or that has categories below it."""
    category = categories().get(key)
    if category is None or category.parent_key is None:
        raise CategoryUnknown(category_key=key)
    return key


def leaves_below(key: str) -> list[str]:
    """The leaf itself, or every leaf of a parent. Raises CategoryUnknown."""
    category = categories().get(key)
    if category is None:
        raise CategoryUnknown(category_key=key)
    return [key] if category.parent_key else [c.key for c in categories().values() if c.parent_key == key]


@cache
def leaf_by_name() -> dict[str, str]:
    """A leaf's key by its key, by either name, and by "parent/leaf" in either language."""
    found: dict[str, str] = {}
    for leaf in categories().values():
        if leaf.parent_key is None:
            continue
        parent = categories()[leaf.parent_key]
        names = (leaf.key, leaf.zh, leaf.en.lower(), f"{parent.zh}/{leaf.zh}", f"{parent.en}/{leaf.en}".lower())
        for name in names:
            found[name] = leaf.key
    return found
