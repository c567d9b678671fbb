"""What the tests of people share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from kaibo.kernel import config
from kaibo.kernel.config import Settings


@contextmanager
def changed_settings(settings: Settings, **values: Any) -> Iterator[Settings]:
    made = settings.model_copy(update=values)
    config.install(made)
    try:
        yield made
    finally:
        config.install(settings)


@pytest.fixture
def strict_limits(settings: Settings) -> Iterator[Settings]:
    """The limits of a real installation; the tests' own are a hundred times wider."""
    with changed_settings(settings, rate_limit_scale=1.0) as made:
        yield made


async def last_code(client: httpx.AsyncClient, phone: str) -> str:
    """The newest code for a phone, read as a person at this machine would."""
    page = (await client.get("http://127.0.0.1/local/sms.json")).json()
    text: str = next(item["text"] for item in page["items"] if item["phone"] == phone)
    return next(word for word in text.replace("，", " ").replace(",", " ").split() if word.isdigit() and len(word) == 6)


async def login(client: httpx.AsyncClient, phone: str, code: str, *, agreed: bool = True) -> httpx.Response:
    return await client.post("/api/login", json={"phone": phone, "code": code, "agreed": agreed})
