"""The JSON of the operator's books."""

from __future__ import annotations

from kaibo.kernel.web import Fen, Id, Instant, Wire


class LedgerFault(Wire):
    rule: str
    what: str


class KindWire(Wire):
    """All accounts of a kind and a currency together."""

    kind: str
    currency: str
    accounts: int
    balance_fen: Fen


class Check(Wire):
    """One recomputation of everything, of the books as they stood when it began."""

    at: Instant
    seconds: float
    sum_fen: int
    transactions: int
    faults: list[LedgerFault]
    kinds: list[KindWire]


class Ledger(Wire):
    """`check` is None in a house whose books have not been checked yet."""

    check: Check | None


class AccountWire(Wire):
    """`owner_id` with `owner`, its name; `scope` is the provider of a gateway. Held amounts are not in the balance."""

    id: Id
    kind: str
    owner_id: Id | None
    owner: str | None
    scope: str | None
    currency: str
    balance_fen: Fen
    leaving_fen: Fen
    coming_fen: Fen


class Accounts(Wire):
    items: list[AccountWire]
    more: bool


class HoldWire(Wire):
    """`fen` will leave (below zero) or come to the account if the hold is posted; `kind` is that of the posting."""

    id: Id
    key: str
    kind: str
    why: str
    fen: int
    at: Instant
    expires_at: Instant | None


class Holds(Wire):
    items: list[HoldWire]
