"""Which goods need not be taken back without a reason. Pure.

Whatever this says when an order is placed is frozen on its line: a product that is changed afterwards changes nobody's right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

EXCLUDED_CATEGORIES: Mapping[str, str] = {
    **dict.fromkeys(("garlic_ginger", "vegetable", "fruit", "meat", "seafood", "egg", "plant"), "perishable"),
}
CUSTOM_MADE = frozenset({"定制", "custom-made", "custom made"})
DIGITAL = frozenset({"数字商品", "digital"})
PRESS = frozenset({"报纸期刊", "newspaper", "periodical"})
YES = frozenset({"是", "yes", "true"})


def exclusion_of(category_key: str, attributes: Sequence[tuple[str, str]]) -> str | None:
    """Which of the four exclusions of Consumer Law art. 25 the goods fall under: custom, perishable, digital, press; or None.

    A shop cannot widen them: only the category and the declared nature of the goods count, not a missing service tag.
    """
    if category_key in EXCLUDED_CATEGORIES:
        return EXCLUDED_CATEGORIES[category_key]
    for name, value in attributes:
        if value.strip().lower() not in YES:
            continue
        said = name.strip().lower()
        for exclusion, names in (("custom", CUSTOM_MADE), ("digital", DIGITAL), ("press", PRESS)):
            if said in names:
                return exclusion
    return None


def no_return_because(
    category_key: str, attributes: Sequence[tuple[str, str]], service_tags: Sequence[str]
) -> str | None:
    """The exclusion that stands.

    A better promise binds: goods tagged `seven_day_return` go back even where the law excludes them.
    """
    return None if "seven_day_return" in service_tags else exclusion_of(category_key, attributes)
