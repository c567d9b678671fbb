"""Authorisation declarations. Every route carries exactly one; a house test fails for a route with none.

`dependencies=[auth.shop_staff]` both enforces and documents: a Declaration is a FastAPI dependency with a name.
`dependencies=[auth.shop_staff, auth.scope("orders:read")]` opens the route to tokens with that scope too; without it no token
reaches the route.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import Depends, Request

from kaibo.kernel.errors import Missing
from kaibo.kernel.web.bearer import ScopeDeclaration, require_reach
from kaibo.kernel.web.deps import CallerDep


class Declaration:
    """Who may call. `check` gets the request and the caller and raises NotSignedIn or NotAllowed."""

    def __init__(self, name: str, check: Callable[[Request, Any], Awaitable[None]]) -> None:
        self.name = name
        self._check = check

    async def __call__(self, request: Request, caller: CallerDep) -> None:
        if caller.token is not None:
            require_reach(request, self.name, caller.token)
        await self._check(request, caller)


def _path_id(request: Request, name: str) -> UUID:
    try:
        return UUID(request.path_params[name])
    except ValueError as wrong:
        raise Missing(what=name.removesuffix("_id"), id=str(request.path_params[name])[:64]) from wrong


async def _anyone(_request: Request, _caller: Any) -> None:
    return None


async def _signed_in(_request: Request, caller: Any) -> None:
    assert caller.id


async def _shop_staff(request: Request, caller: Any) -> None:
    caller.require_shop(_path_id(request, "shop_id"))


async def _shop_lead(request: Request, caller: Any) -> None:
    caller.require_shop(_path_id(request, "shop_id"), "owner", "manager")


public: Any = Depends(Declaration("public", _anyone))
"""Anyone, signed in or not."""

signed_in: Any = Depends(Declaration("signed_in", _signed_in))
"""Any person."""

shop_staff: Any = Depends(Declaration("shop_staff", _shop_staff))
"""Staff of the shop named by {shop_id} in the path."""

shop_lead: Any = Depends(Declaration("shop_lead", _shop_lead))
"""The owner or a manager of the shop named by {shop_id} in the path."""

machine: Any = Depends(Declaration("machine", _anyone))
"""Another program; the handler verifies its signature or secret before anything else."""

checked_in_handler: Any = Depends(Declaration("checked_in_handler", _signed_in))
"""A signed-in person; the handler requires the scope after it has looked up which one it is."""


def room_crew(*roles: str) -> Any:
    """The crew (of these roles, or any) of the room named by {room_id} in the path."""

    async def check(request: Request, caller: Any) -> None:
        caller.require_room(_path_id(request, "room_id"), *roles)

    return Depends(Declaration(f"room_crew({','.join(roles)})", check))


def agency_staff(*roles: str) -> Any:
    """Staff (of these roles, or any) of the agency named by {agency_id} in the path."""

    async def check(request: Request, caller: Any) -> None:
        caller.require_agency(_path_id(request, "agency_id"), *roles)

    return Depends(Declaration(f"agency_staff({','.join(roles)})", check))


def platform(*roles: str) -> Any:
    """Platform staff of one of these roles."""

    async def check(_request: Request, caller: Any) -> None:
        caller.require_platform(*roles)

    return Depends(Declaration(f"platform({','.join(roles)})", check))


def scope(name: str) -> Any:
    """What a personal access token needs for this route; `name` stands in kernel.web.scopes."""
    return Depends(ScopeDeclaration(name))
