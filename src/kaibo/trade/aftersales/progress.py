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
    """The way this kind of case goes, with the turns that this one took: a refusal and an arbitration stand where they happened."""
    came: dict[CaseState, datetime] = {}
    for step in history:
        came.setdefault(step.state, step.at)
    way = list(_WAYS[case.kind])
    if case.kind in rules.SENT_ANEW and _S.REFUNDING in came:  # the replacement never came: the money goes back instead
        way = [state for state in way if state in came or state is _S.DONE]
        way.insert(len(way) - 1, _S.REFUNDING)
    turns = [state for state in came if state in _ASIDE or state in _ENDS_BADLY]
    behind = [state for state in way if state in came and state is not case.state and _before(came, state, turns)]
    ahead = [state for state in way if state not in behind]
    if case.state in _ENDS_BADLY:
        ahead = []
        turns = [state for state in turns if state is not case.state]
    shown = [Milestone(state, "done", came[state]) for state in behind]
    shown += [Milestone(state, _mark(state, case), came[state]) for state in turns]
    shown += [Milestone(state, _mark(state, case), came.get(state)) for state in ahead if state is not case.state]
    here = Milestone(case.state, _mark(case.state, case), came.get(case.state))
    if case.state not in turns:
        shown.insert(len(behind) + len(turns), here)
    return shown


def _before(came: dict[CaseState, datetime], state: CaseState, turns: Sequence[CaseState]) -> bool:
    return not turns or came[state] <= min(came[turn] for turn in turns)


def _mark(state: CaseState, case: Case) -> Mark:
    if state is case.state:
        return "bad" if state in _ENDS_BADLY else "done" if state is _S.DONE else "now"
    return "done" if state in _ASIDE else "next"
