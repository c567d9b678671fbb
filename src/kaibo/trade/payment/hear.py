"""Hear the provider's callbacks. Every one is answered, acted on once, and kept with its raw bytes.

A status of 200 with the provider's own word for yes makes it stop; anything else makes it say it again (WeChat Pay and Alipay for
about a day, Stripe for three). The sender is never told why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kaibo.kernel.db import Database, Db
from kaibo.kernel.errors import RateLimited, Unavailable
from kaibo.kernel.telemetry import counter, get_logger
from kaibo.kernel.web.limits import Limiter
from kaibo.trade.payment import wiring
from kaibo.trade.payment.confirm import PaidFact, confirm_charge
from kaibo.trade.payment.gateway import (
    CallbackRefused,
    ChargeNotice,
    ForeignCallback,
    GatewayError,
    Notice,
    OtherNotice,
    StaleCallback,
    read_callback,
)
from kaibo.trade.payment.hear_refund import hear_refund
from kaibo.trade.payment.methods import Provider
from kaibo.trade.payment.model import Outcome
from kaibo.trade.payment.tables import notices

log = get_logger(__name__)

BODY_BYTES_KEPT = 64 * 1024
HEADER_CHARS_KEPT = 512
REFUSED_KEPT_LIMIT = "60/minute"
"""Anybody can post rubbish here: beyond this it is answered and counted, but not stored."""

heard = counter("kaibo_payment_notices_total", "Callbacks of the payment provider.", ("outcome",))

_STATUS: dict[Outcome, int] = {
    Outcome.UNKNOWN_ORDER: 404,
    Outcome.UNKNOWN_REFUND: 404,
    Outcome.WRONG_AMOUNT: 422,
    Outcome.WRONG_CURRENCY: 422,
    Outcome.CONFLICTING: 409,
    Outcome.FORGED: 401,
    Outcome.STALE: 401,
    Outcome.FOREIGN: 403,
}


@dataclass(frozen=True)
class Answer:
    """What the provider is told. `outcome` is None where we could not even look."""

    status: int
    outcome: Outcome | None


@dataclass(frozen=True)
class _Letter:
    """What came in, as it came."""

    provider: Provider
    headers: Mapping[str, str]
    body: bytes


async def hear_notice(
    database: Database, limiter: Limiter, provider: Provider, headers: Mapping[str, str], body: bytes
) -> Answer:
    """Verify, act, keep. An exception (the database is down) becomes a 5xx, and the provider comes again."""
    try:
        notice = await read_callback(wiring.gateway(provider), headers, body, now=wiring.provider_now())
    except CallbackRefused as refusal:
        return await _refuse(database, limiter, provider, headers, body, refusal)
    except (GatewayError, Unavailable) as silence:
        log.error("notice.cannot_verify", error=str(silence))
        return Answer(503, None)
    async with database.transaction() as db:
        outcome = await _act(db, provider, notice)
        status = _STATUS.get(outcome, 200)
        number, about = _about(notice)
        detail = f"{notice.source.event_type} {'replayed ' if notice.source.replayed else ''}{about}"
        letter = _Letter(provider, headers, body)
        await _keep(db, outcome, status, letter, detail, notice.source.notice_id, number)
    heard.labels(outcome.value).inc()
    log.info("notice.heard", outcome=outcome.value, number=number, replayed=notice.source.replayed)
    return Answer(status, outcome)


def _about(notice: Notice) -> tuple[str, str]:
    """Our number, and what else tells this notice from others."""
    if isinstance(notice, OtherNotice):
        return notice.number, notice.about
    number = notice.out_trade_no if isinstance(notice, ChargeNotice) else notice.out_refund_no
    return number, notice.transaction_id


async def _act(db: Db, provider: Provider, notice: Notice) -> Outcome:
    if isinstance(notice, OtherNotice):
        return Outcome.IGNORED
    if isinstance(notice, ChargeNotice):
        said = (notice.out_trade_no, notice.transaction_id, notice.amount_fen, notice.currency, notice.paid_at)
        return await confirm_charge(db, PaidFact(provider, *said))
    return await hear_refund(
        db,
        notice.out_refund_no,
        notice.status,
        fen=notice.refund_fen,
        refund_id=notice.refund_id,
        at=notice.refunded_at,
    )


async def _refuse(
    database: Database,
    limiter: Limiter,
    provider: Provider,
    headers: Mapping[str, str],
    body: bytes,
    refusal: CallbackRefused,
) -> Answer:
    outcome = Outcome.FORGED
    if isinstance(refusal, StaleCallback):
        outcome = Outcome.STALE
    elif isinstance(refusal, ForeignCallback):
        outcome = Outcome.FOREIGN
    heard.labels(outcome.value).inc()
    log.warning("notice.refused", outcome=outcome.value, why=str(refusal))
    answer = Answer(_STATUS[outcome], outcome)
    try:
        await limiter.spend(REFUSED_KEPT_LIMIT, "refused-notices")
    except RateLimited:
        return answer
    async with database.transaction() as db:
        await _keep(db, outcome, answer.status, _Letter(provider, headers, body), str(refusal), None, None)
    return answer


async def _keep(
    db: Db,
    outcome: Outcome,
    answered: int,
    letter: _Letter,
    detail: str,
    notice_id: str | None,
    number: str | None,
) -> None:
    signed = {
        name.lower(): _text(value)[:HEADER_CHARS_KEPT]
        for name, value in letter.headers.items()
        if name.lower().startswith(("wechatpay-", "stripe-signature"))
    }
    row = {"provider": letter.provider, "outcome": outcome.value, "answered": answered, "notice_id": notice_id}
    kept = {"detail": _text(detail)[:1000], "headers": signed, "body": letter.body[:BODY_BYTES_KEPT], "number": number}
    await db.execute(notices.insert().values(row | kept))


def _text(value: str) -> str:
    """PostgreSQL's text holds no NUL, and a stranger may send one."""
    return value.replace("\x00", "�")
