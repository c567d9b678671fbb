"""How often one caller may use a route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Depends, Request

from kaibo.kernel.web.deps import CallerDep, StateDep


def limited(limit: str) -> Any:
    """A route dependency: at most `limit` calls of this route by one person (or address, where anonymous)."""

    async def spend(request: Request, caller: CallerDep, state: StateDep) -> None:
        # The person and not their cookie: a cookie can be invented, and with a new one for every call there is no limit.
        who = str(caller.person_id or caller.ip)
        await state.limiter.spend(limit, request.scope["route"].path, who)

    dependency: Callable[..., Any] = spend
    return Depends(dependency)
