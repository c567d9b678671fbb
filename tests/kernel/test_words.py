"""What a refused person reads."""

from __future__ import annotations

import pytest

from kaibo.kernel.i18n import preferred, say


@pytest.mark.parametrize(
    ("locale", "sentence"), [("zh", "商品信息不完整，还缺少：商品图片、规格"), ("en", "still missing: pictures, SKUs")]
)
def test_a_list_of_facts_reads_as_a_list(locale: str, sentence: str) -> None:
    assert sentence in say("goods.product_incomplete", locale, {"missing": ["pictures", "skus"]})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, zh-TW;q=0.5, en;q=0.4", "zh"),
        ("de", "zh"),
        (";;;q=x,,", "zh"),
        ("en;q=0,zh", "zh"),
    ],
)
def test_the_readers_language_is_found(header: str, locale: str) -> None:
    assert preferred(header, "zh") == locale
