"""What a personal access token may be allowed to do: the table of scopes. A route names one with `auth.scope(…)`.

A scope narrows what its owner may do and never widens it: the person's own roles are asked all the same.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """`name` is "<thing>:read" or "<thing>:write"; it is of use to whoever has a role in one of `kinds`, to anyone where empty."""

    name: str
    kinds: tuple[str, ...] = ()


_ALL = (
    Scope("orders:read", ("shop",)),
    Scope("orders:write", ("shop",)),
    Scope("products:read", ("shop",)),
    Scope("products:write", ("shop",)),
    Scope("shop:write", ("shop",)),
    Scope("aftersales:read", ("shop",)),
    Scope("aftersales:write", ("shop",)),
    Scope("affiliate:read"),
    Scope("affiliate:write"),
    Scope("money:read"),
    Scope("room:read", ("room",)),
    Scope("room:write", ("room",)),
    Scope("exports:read", ("shop",)),
    Scope("exports:write", ("shop",)),
    Scope("webhooks:read", ("shop", "platform")),
    Scope("webhooks:write", ("shop", "platform")),
    Scope("platform:read", ("platform",)),
    Scope("platform:write", ("platform",)),
)
SCOPES: dict[str, Scope] = {scope.name: scope for scope in _ALL}
