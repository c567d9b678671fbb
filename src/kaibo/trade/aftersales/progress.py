"""The progress line of a case: what is behind it, where it stands, what comes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.model import Case, CaseKind, CaseState, CaseStep

Mark = Literal["done", "now", "next", "bad"]

_S = CaseState
_WAYS = {
    CaseKind.REFUND_ONLY: (_S.ASKED, _S.REFUNDING, _S.DONE),
    CaseKind.PRICE_PROTECTION: (_S.ASKED, _S.REFUNDING, _S.DONE),
    CaseKind.RETURN_REFUND: (_S.ASKED, _S.APPROVED, _S.RETURNING, _S.REFUNDING, _S.DONE),
    CaseKind.EXCHANGE: (_S.ASKED, _S.APPROVED, _S.RETURNING, _S.INSPECTED, _S.RESENDING, _S.DONE),
    CaseKind.REPAIR: (_S.ASKED, _S.APPROVED, _S.RETURNING, _S.INSPECTED, _S.RESENDING, _S.DONE),
}
_ENDS_BADLY = frozenset({_S.DISMISSED, _S.WITHDRAWN, _S.EXPIRED})
_ASIDE = frozenset({_S.REFUSED, _S.ARBITRATION, _S.DECIDED})


@dataclass(frozen=True)
class Milestone:
    state: CaseState
    mark: Mark
    at: datetime | None


def progress(case: Case, history: Sequence[CaseStep]) -> list[Milestone]:
    """The way as it was gone, each state where it first came, and then what is still ahead on the way of this kind."""
    came: dict[CaseState, datetime] = {}
    for step in history:
        came.setdefault(step.state, step.at)
    came.setdefault(case.state, case.created_at)
    behind = [Milestone(state, "done", at) for state, at in came.items() if state is not case.state]
    here = Milestone(case.state, _mark(case.state), came[case.state])
    return [*behind, here, *(Milestone(state, "next", None) for state in _ahead(case) if state not in came)]


def _ahead(case: Case) -> Sequence[CaseState]:
    """What follows on the way; from a turn aside, or where the replacement never came, what ends it."""
    if case.state in rules.FINAL:
        return ()
    way = _WAYS[case.kind]
    return way[way.index(case.state) + 1 :] if case.state in way else way[-2:] if case.state in _ASIDE else way[-1:]


def _mark(state: CaseState) -> Mark:
    return "bad" if state in _ENDS_BADLY else "done" if state is _S.DONE else "now"
