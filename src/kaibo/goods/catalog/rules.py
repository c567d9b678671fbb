"""The review state machine, limits, completeness, and the words a product is found by. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal
from uuid import UUID

from pypinyin import lazy_pinyin

from kaibo.goods.contracts import ProductState, ServiceTag, StepNotAllowed, StockState

Step = Literal["submit", "approve", "refuse", "withdraw", "revise"]

TITLE_CHARS_MAX = 60
DESCRIPTION_CHARS_MAX = 5_000
ORIGIN_CHARS_MAX = 60
POINTS_MAX = 5
POINT_CHARS_MAX = 40
ATTRIBUTES_MAX = 30
ATTRIBUTE_CHARS_MAX = 60
PICTURES_MAX = 9
SKUS_MAX = 50
SKU_NAME_CHARS_MAX = 40
SKU_CODE_CHARS_MAX = 40
PRICE_FEN_MAX = 1_000_000_000
FREIGHT_FEN_MAX = 1_000_000
COMMISSION_BPS_MAX = 8_000
STOCK_MAX = 1_000_000
LIMIT_PER_BUYER_MAX = 9_999
PRODUCTS_PER_SHOP_MAX = 10_000
LOW_STOCK = 10
SEARCH_CHARS_MAX = 60
SERVICE_TAGS: tuple[ServiceTag, ...] = (
    "seven_day_return",
    "freight_cover",
    "damage_compensation",
    "ship_48h",
    "origin_traceable",
    "installation",
)

# `revise` is an edit of what was, or is being, reviewed. What a reviewer has open must not change under the eyes, so an
# edit takes a product out of the queue; an approved product goes back into it and is off sale until it is approved again.
TRANSITIONS: Mapping[ProductState, Mapping[Step, ProductState]] = {
    "draft": {"submit": "pending", "withdraw": "withdrawn", "revise": "draft"},
    "pending": {"approve": "approved", "refuse": "refused", "withdraw": "withdrawn", "revise": "draft"},
    "approved": {"withdraw": "withdrawn", "revise": "pending"},
    "refused": {"submit": "pending", "withdraw": "withdrawn", "revise": "draft"},
    "withdrawn": {"submit": "pending", "revise": "draft"},
}


def after(state: ProductState, step: Step) -> ProductState:
    """Raises StepNotAllowed."""
    to = TRANSITIONS[state].get(step)
    if to is None:
        raise StepNotAllowed(state=state, step=step)
    return to


@dataclass(frozen=True)
class Content:
    """What a reviewer reviews. Prices, stock, freight, commission and limits are the merchant's own to change."""

    title: str
    category_key: str
    description: str
    origin: str
    selling_points: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    service_tags: tuple[str, ...]
    picture_ids: tuple[UUID, ...]
    sku_names: tuple[str, ...]


def missing(content: Content) -> list[str]:
    """The members without which nothing can be reviewed or sold."""
    needed: dict[str, Any] = {"pictures": content.picture_ids, "skus": content.sku_names}
    return [name for name, value in needed.items() if not value]


def differs(before: Content, now: Content) -> bool:
    """Whether an edit touches what was reviewed. Taking a SKU away does not."""
    if not set(now.sku_names) <= set(before.sku_names):
        return True
    return any(getattr(before, f.name) != getattr(now, f.name) for f in fields(before) if f.name != "sku_names")


def stock_state(left: int) -> StockState:
    return "out" if left <= 0 else "low" if left <= LOW_STOCK else "in"


def search_text(title: str) -> str:
    """`紫皮大蒜 5斤` -> `紫皮大蒜 5斤 zipidasuan 5jin zpds 5j`: found by characters, by pinyin and by its initials."""
    plain = folded(title)
    syllables = lazy_pinyin(plain)
    return f"{plain} {''.join(syllables)} {''.join(s[0] if s.isalpha() else s for s in syllables)}"


def folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def search_words(q: str) -> list[str]:
    """The words that must all be found; at most eight."""
    return folded(q[:SEARCH_CHARS_MAX]).split()[:8]


def repeated(names: Sequence[str]) -> str | None:
    """The first name that stands twice, or None."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
