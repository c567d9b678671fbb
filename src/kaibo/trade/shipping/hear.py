"""Hear what is pushed to us. Every push is answered in Kuaidi100's words, acted on once, and kept when it changes something or is
refused.

Answers: {"result": true, "returnCode": "200", "message": "成功"}, after which it is not repeated; anything else, and it comes again
half an hour later, three times. The sender of a refused push is never told why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs
from uuid import UUID

from sqlalchemy import select, update

from kaibo.kernel.db import Database, Db
from kaibo.kernel.errors import RateLimited, Unavailable
from kaibo.kernel.telemetry import counter, get_logger
from kaibo.kernel.web.limits import Limiter
from kaibo.trade.shipping import wiring
from kaibo.trade.shipping.carrier import MalformedPush, PushRefused
from kaibo.trade.shipping.errors import NoticeMissing, NoticeNotOpen
from kaibo.trade.shipping.model import PushOutcome
from kaibo.trade.shipping.tables import carrier_notices
from kaibo.trade.shipping.trace import follow

log = get_logger(__name__)

BODY_BYTES_KEPT = 64 * 1024
FORM_FIELDS_MAX = 20
REFUSED_KEPT_LIMIT = "60/minute"
"""Anybody can post rubbish here: beyond this it is answered and counted, but not stored."""

heard = counter("kaibo_carrier_pushes_total", "Pushes of the carrier service.", ("outcome",))


@dataclass(frozen=True)
class Answer:
    """`outcome` is None where we could not even look."""

    status: int
    outcome: PushOutcome | None

    @property
    def body(self) -> dict[str, object]:
        if self.status == 200:
            return {"result": True, "returnCode": "200", "message": "成功"}
        return {"result": False, "returnCode": "500", "message": "失败"}


async def hear_push(database: Database, limiter: Limiter, body: bytes) -> Answer:
    """A number that we do not know (any more) is taken with thanks: repeating it would not help anybody."""
    form = _form(body)
    try:
        trace = wiring.carrier().read_push(form)
    except PushRefused as refusal:
        return await _refuse(database, limiter, body, refusal)
    except Unavailable as silence:
        log.error("push.cannot_verify", error=str(silence))
        return Answer(503, None)
    async with database.transaction() as db:
        outcome = await follow(db, trace)
        detail = f"{len(trace.steps)} steps" + (f", given up: {trace.given_up}" if trace.given_up else "")
        if outcome is not PushOutcome.NOTHING_NEW:
            await _keep(db, outcome, 200, trace.tracking_number, detail, body)
    heard.labels(outcome.value).inc()
    log.info("push.heard", outcome=outcome.value, tracking_number=trace.tracking_number, steps=len(trace.steps))
    return Answer(200, outcome)


@dataclass(frozen=True)
class Notice:
    """A push as it is kept."""

    id: UUID
    received_at: datetime
    outcome: PushOutcome
    answered: int
    tracking_number: str | None
    detail: str


async def hear_again(db: Db, notice_id: UUID, *, by: UUID) -> Notice:
    """Act once more on a push whose number nobody knew. Raises NoticeMissing, NoticeNotOpen."""
    n = carrier_notices
    row = (await db.execute(select(n).where(n.c.id == notice_id).with_for_update())).first()
    if row is None:
        raise NoticeMissing(notice_id=str(notice_id))
    if row.outcome != PushOutcome.UNKNOWN_PARCEL.value:
        raise NoticeNotOpen(outcome=row.outcome)
    outcome = await follow(db, wiring.carrier().read_push(_form(row.body)))
    detail = row.detail
    if outcome is not PushOutcome.UNKNOWN_PARCEL:
        # The notice is of a parcel now: what was new in it has been kept, or somebody asked the carrier meanwhile.
        outcome, detail = PushOutcome.NEWS, f"{row.detail}, heard again by {by}"[:1000]
        await db.execute(update(n).where(n.c.id == notice_id).values(outcome=outcome.value, detail=detail))
    return Notice(row.id, row.received_at, outcome, row.answered, row.tracking_number, detail)


async def _refuse(database: Database, limiter: Limiter, body: bytes, refusal: PushRefused) -> Answer:
    malformed = isinstance(refusal, MalformedPush)
    outcome = PushOutcome.MALFORMED if malformed else PushOutcome.FORGED
    answer = Answer(422 if malformed else 401, outcome)
    heard.labels(outcome.value).inc()
    log.warning("push.refused", outcome=outcome.value, why=refusal.reason)
    try:
        await limiter.spend(REFUSED_KEPT_LIMIT, "refused-pushes")
    except RateLimited:
        return answer
    async with database.transaction() as db:
        await _keep(db, outcome, answer.status, None, refusal.reason, body)
    return answer


async def _keep(db: Db, outcome: PushOutcome, answered: int, number: str | None, detail: str, body: bytes) -> None:
    row = {"outcome": outcome.value, "answered": answered, "tracking_number": number, "detail": detail[:1000]}
    await db.execute(carrier_notices.insert().values(row | {"body": body[:BODY_BYTES_KEPT]}))


def _form(body: bytes) -> Mapping[str, str]:
    """application/x-www-form-urlencoded; what is none has no fields, and so no signature."""
    try:
        found = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    except (UnicodeDecodeError, ValueError):
        return {}
    return {name: values[0] for name, values in found.items()}
