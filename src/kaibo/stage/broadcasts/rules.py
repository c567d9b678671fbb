"""The life of a broadcast as one pure table, and what is wanted before it goes live."""

from __future__ import annotations

from dataclasses import dataclass

from kaibo.stage.contracts import BroadcastState, Needs, NotReadyToGoLive, StepNotAllowed

TITLE_CHARS_MAX = 60
OPERATOR_NAME_CHARS_MAX = 80
SILENT_MINUTES_MAX = 30
"""A live broadcast without a stream for this long ends by itself."""

TRANSITIONS: dict[BroadcastState, frozenset[BroadcastState]] = {
    "draft": frozenset({"rehearsal", "ended"}),
    "rehearsal": frozenset({"live", "ended"}),
    "live": frozenset({"ended"}),
    "ended": frozenset(),
}


def step(state: BroadcastState, to: BroadcastState) -> BroadcastState:
    """`to`, where the table allows it. Raises StepNotAllowed."""
    if to not in TRANSITIONS[state]:
        raise StepNotAllowed(state=state, step=to)
    return to


@dataclass(frozen=True)
class Readiness:
    """What going live is judged by. Order 117 (identity, review before the broadcast), Implementing Regulation of the Consumer
    Protection Law (who sells, whose goods), shared law table."""

    operator_name: str
    safety_notice: str
    realname_state: str
    bag_items: int
    bag_items_approved: int
    sellers: int
    sellers_named: int
    """Sellers with a legal name and a licence number."""
    publishing: bool


def missing(ready: Readiness) -> list[str]:
    """Keys of everything that is missing, in the order a host would settle them."""
    checks = {
        "realname": ready.realname_state == "verified",
        "operator_name": bool(ready.operator_name.strip()),
        "safety_notice": bool(ready.safety_notice.strip()),
        "bag": ready.bag_items > 0,
        "products": ready.bag_items_approved == ready.bag_items,
        "seller_notice": ready.sellers > 0 and ready.sellers_named == ready.sellers if ready.bag_items else True,
        "stream": ready.publishing,
    }
    return [key for key, fine in checks.items() if not fine]


def require_ready(ready: Readiness) -> None:
    """Raises NotReadyToGoLive with everything that is missing."""
    if lacking := missing(ready):
        raise NotReadyToGoLive(missing=Needs(lacking))
