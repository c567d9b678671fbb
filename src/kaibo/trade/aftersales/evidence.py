"""Evidence: pictures and words of either side, and what the owner of the order's source has recorded of that minute."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.lookup import lock_case, require_buyer, require_shop
from kaibo.trade.aftersales.model import Case, Side
from kaibo.trade.aftersales.record import note_step
from kaibo.trade.aftersales.refusals import TooMuchEvidence, WrongCaseState
from kaibo.trade.aftersales.tables import case_evidence
from kaibo.trade.contracts import Source, SourceEvidence
from kaibo.trade.orders.model import Order

EvidenceResolver = Callable[[Db, Source, datetime], Awaitable[SourceEvidence | None]]

_resolvers: dict[str, EvidenceResolver] = {}


def register_evidence_resolver(kind: str, resolver: EvidenceResolver) -> None:
    """Have cases about orders with `Source.kind == kind` shown what `resolver` has kept of the moment of the order."""
    _resolvers[kind] = resolver


async def source_evidence(db: Db, order: Order) -> SourceEvidence | None:
    """What was shown and said when the buyer ordered: the pitch replay of the item; None where nothing was kept."""
    if order.source is None or (resolver := _resolvers.get(order.source.kind)) is None:
        return None
    return await resolver(db, order.source, order.created_at)


async def give_evidence(
    db: Db, case_id: UUID, *, side: Side, person_id: UUID, note: str, picture_ids: Sequence[UUID], shop_id: UUID | None
) -> Case:
    """Add to an open case. Raises CaseMissing, WrongCaseState, TooMuchEvidence, PictureMissing."""
    _, case = await lock_case(db, case_id)
    if side == "buyer":
        require_buyer(case, person_id)
    elif shop_id is not None:
        require_shop(case, shop_id)
    if case.state not in rules.UNDECIDED:
        raise WrongCaseState(state=case.state.value, action="evidence")
    await add_pictures(db, case, side, person_id, picture_ids, note=note)
    actor = side
    why = "trade.case_why.evidence"
    await note_step(db, case, actor=actor, actor_id=person_id, why=why, rule="evidence", said=note)
    return case


async def add_pictures(
    db: Db, case: Case, side: Side, person_id: UUID, picture_ids: Sequence[UUID], *, note: str = ""
) -> None:
    """Store the person's own uploads with the case. Raises TooMuchEvidence, PictureMissing."""
    e = case_evidence
    theirs = (e.c.case_id == case.id) & (e.c.side == side) & e.c.picture_id.is_not(None)
    had = int(await db.scalar(select(func.count()).select_from(e).where(theirs)) or 0)
    if had + len(picture_ids) > rules.PICTURES_MAX:
        raise TooMuchEvidence(pictures_max=rules.PICTURES_MAX)
    for picture_id in picture_ids:
        await goods.require_picture(db, picture_id, person_id)
    about: dict[str, Any] = {"case_id": case.id, "side": side, "person_id": person_id, "note": note, "at": clock.now()}
    rows = [about | {"picture_id": picture_id} for picture_id in picture_ids]
    if not rows and note:
        rows = [about | {"picture_id": None}]
    for row in rows:
        await db.execute(e.insert().values(row))
