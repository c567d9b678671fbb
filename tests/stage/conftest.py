"""The clients of the stage's tests: anonymous viewers beside the signed-in persons of the house."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from kaibo.kernel import context
from kaibo.kernel.context import Context

NewViewer = Callable[[], httpx.AsyncClient]


@pytest.fixture
async def new_viewer(app: object) -> AsyncIterator[NewViewer]:
    """A fresh anonymous browser, as often as it is called."""
    made: list[httpx.AsyncClient] = []

    def one() -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
        made.append(httpx.AsyncClient(transport=transport, base_url="http://kaibo.test", timeout=30))
        return made[-1]

    yield one
    for client in made:
        await client.aclose()


@pytest.fixture
def real_limits(here: Context) -> object:
    """Chat limits as in production (the tests' house multiplies every limit)."""
    before = context.get()
    settings = before.settings.model_copy(update={"rate_limit_scale": 1.0})
    context.install(Context(settings, before.database, before.bus, before.blobs))
    yield
    context.install(before)
