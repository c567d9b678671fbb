"""How a provider's statement is held against our charges and refunds. Values in, differences out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

RowKind = Literal["charge", "refund"]


class StatementRow(Protocol):
    """A row of a provider's statement (payment/statement.py). `fee_fen` is what the provider keeps of it."""

    @property
    def kind(self) -> str: ...
    @property
    def out_no(self) -> str: ...
    @property
    def transaction_id(self) -> str: ...
    @property
    def fen(self) -> int: ...
    @property
    def fee_fen(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def at(self) -> datetime: ...


class Wrong(StrEnum):
    MISSING_HERE = "missing_here"
    MISSING_AT_PROVIDER = "missing_at_provider"
    AMOUNT = "amount"
    CURRENCY = "currency"
    DUPLICATE = "duplicate"
    FEE = "fee"


@dataclass(frozen=True)
class Found:
    """A difference. `difference_fen`: what the provider holds for us more (or, below zero, less) than our books say."""

    wrong: Wrong
    kind: RowKind | Literal["day"]
    out_no: str
    provider_fen: int
    house_fen: int
    difference_fen: int


def compare(rows: Sequence[StatementRow], ours: Mapping[tuple[str, str], int]) -> list[Found]:
    """Every difference between a statement and `ours` ((kind, number) -> fen), the day's fees as one."""
    found: list[Found] = []
    times = Counter((row.kind, row.out_no) for row in rows)
    seen: set[tuple[str, str]] = set()
    for row in rows:
        key = (row.kind, row.out_no)
        kind: RowKind = "refund" if row.kind == "refund" else "charge"
        sign = -1 if kind == "refund" else 1
        if key in seen:
            continue
        seen.add(key)
        here = ours.get(key)
        if here is None:
            found.append(Found(Wrong.MISSING_HERE, kind, row.out_no, row.fen, 0, sign * row.fen))
        elif row.currency != "CNY":
            found.append(Found(Wrong.CURRENCY, kind, row.out_no, row.fen, here, 0))
        elif here != row.fen:
            found.append(Found(Wrong.AMOUNT, kind, row.out_no, row.fen, here, sign * (row.fen - here)))
        if times[key] > 1:
            again = row.fen * (times[key] - 1)
            found.append(Found(Wrong.DUPLICATE, kind, row.out_no, row.fen * times[key], here or 0, sign * again))
    for (kind_, number), fen in ours.items():
        if (kind_, number) not in seen:
            kind = "refund" if kind_ == "refund" else "charge"
            sign = -1 if kind == "refund" else 1
            found.append(Found(Wrong.MISSING_AT_PROVIDER, kind, number, 0, fen, -sign * fen))
    fees = sum(row.fee_fen for row in rows)
    if fees:
        found.append(Found(Wrong.FEE, "day", "", fees, 0, -fees))
    return found
