"""Payment providers in this process: they keep a book of their own, answer or do not, and call back whenever they like.

The protocol and its signatures are the subject of tests/payment; here they are one MAC, so that forging has a meaning.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kaibo.trade.funds.rules import BEIJING
from kaibo.trade.payment.gateway import (
    ChargeCreated,
    ChargeNotice,
    ChargeRequest,
    ChargeState,
    ChargeStatus,
    ForeignCallback,
    ForgedCallback,
    GatewayRefused,
    GatewayTimeout,
    Notice,
    NoticeSource,
    RefundNotice,
    RefundRequest,
    RefundState,
    RefundStatus,
    StaleCallback,
    StatementRow,
)
from kaibo.trade.payment.methods import Provider as Name
from tests.simulation.scheduler import Scheduler

MERCHANT = "kaibo"
STALE_SECONDS = 300
TELL_TIMES_MAX = 12
FEE_BPS = 60


@dataclass
class Refunded:
    out_refund_no: str
    fen: int
    status: RefundStatus
    due: float
    then: RefundStatus
    at: datetime | None = None


@dataclass
class Charged:
    """The provider's own record of a charge."""

    out_trade_no: str
    fen: int
    currency: str
    expires_at: datetime
    status: ChargeStatus = ChargeStatus.NOT_PAID
    transaction_id: str = ""
    paid_at: datetime | None = None
    refunds: dict[str, Refunded] = field(default_factory=dict)

    @property
    def kept_fen(self) -> int:
        """What the house has of it in the end."""
        if self.status is not ChargeStatus.PAID:
            return 0
        return self.fen - sum(one.fen for one in self.refunds.values() if one.status is RefundStatus.DONE)


@dataclass
class Letter:
    """A callback on its way. `told` counts how often it was sent."""

    provider: Name
    body: dict[str, Any]
    due: float
    genuine: bool = True
    told: int = 0


class FakeGateway:
    """One provider. The dice say what is lost; nothing is lost where `faults` is False."""

    def __init__(self, name: Name, scheduler: Scheduler, post: list[Letter]) -> None:
        self.name = name
        self.book: dict[str, Charged] = {}
        self.faults = True
        self._scheduler = scheduler
        self._post = post
        self._secret = f"secret of {name}".encode()
        self._numbers = 0

    # --- what the house asks (kaibo.trade.payment.gateway.Gateway)

    async def create(self, request: ChargeRequest) -> ChargeCreated:
        await self._before("create", request.out_trade_no)
        known = self.book.get(request.out_trade_no)
        if known is None:
            known = self.book[request.out_trade_no] = Charged(
                request.out_trade_no, request.amount_fen, request.currency, request.expires_at
            )
        if known.status is not ChargeStatus.NOT_PAID:
            code = "ORDERPAID" if known.status is ChargeStatus.PAID else "ORDER_CLOSED"
            raise GatewayRefused(code, "it is over", 400)
        assert (known.fen, known.currency) == (request.amount_fen, request.currency), "a charge changed its amount"
        await self._after("create", request.out_trade_no)
        return ChargeCreated(request.out_trade_no, f"pay:{request.out_trade_no}")

    async def query(self, out_trade_no: str, *, provider_ref: str = "") -> ChargeState:
        await self._before("query", out_trade_no)
        known = self.book.get(out_trade_no)
        if known is None:
            return ChargeState(out_trade_no, ChargeStatus.NOT_FOUND)
        await self._after("query", out_trade_no)
        if known.status is not ChargeStatus.PAID:
            return ChargeState(out_trade_no, known.status)
        return ChargeState(
            out_trade_no, ChargeStatus.PAID, known.transaction_id, known.fen, known.currency, known.paid_at
        )

    async def close(self, out_trade_no: str, *, provider_ref: str = "") -> None:
        await self._before("close", out_trade_no)
        known = self.book.setdefault(out_trade_no, Charged(out_trade_no, 0, "CNY", self._now()))
        if known.status is ChargeStatus.PAID:
            raise GatewayRefused("ORDERPAID", "it is paid", 400)
        known.status = ChargeStatus.CLOSED
        await self._after("close", out_trade_no)

    async def refund(self, request: RefundRequest) -> RefundState:
        await self._before("refund", request.out_refund_no)
        charged = self.book[request.out_trade_no]
        assert charged.status is ChargeStatus.PAID, "a refund of what was never paid"
        assert charged.fen == request.total_fen, "a refund of another amount"
        known = charged.refunds.get(request.out_refund_no)
        if known is None:
            # given up either way: what an operator has tried again under a new number is not paid under the old one
            gone = (RefundStatus.CLOSED, RefundStatus.ABNORMAL)
            given = sum(r.fen for r in charged.refunds.values() if r.status not in gone)
            said = {number: (r.fen, r.status.value) for number, r in charged.refunds.items()}
            assert given + request.refund_fen <= charged.fen, f"more refunded than was paid: {said} and {request}"
            known = self._begin(charged, request)
        assert known.fen == request.refund_fen, "a refund changed its amount"
        await self._after("refund", request.out_refund_no)
        return self._said(charged, known)

    async def query_refund(self, out_refund_no: str, *, out_trade_no: str = "", provider_ref: str = "") -> RefundState:
        await self._before("query_refund", out_refund_no)
        charged = self.book[out_trade_no]
        known = charged.refunds.get(out_refund_no)
        if known is None:
            return RefundState(out_refund_no, RefundStatus.NOT_FOUND)
        return self._said(charged, known)

    async def statement(self, day: date) -> list[StatementRow]:
        """The book's own rows of a day in Beijing; while there are faults a row may be missing, there twice or misprinted."""
        await self._before("statement", day.isoformat())
        rows = [row for row in self.rows() if row.at.astimezone(BEIJING).date() == day]
        if not rows:
            raise GatewayRefused("NO_STATEMENT_EXIST", "nothing happened on that day", 400)
        await self._after("statement", day.isoformat())
        return [said for row in rows for said in self._misprinted(row)] if self.faults else rows

    def rows(self) -> list[StatementRow]:
        """Everything that was ever paid or given back."""
        found = []
        for one in self.book.values():
            if one.status is ChargeStatus.PAID and one.paid_at is not None:
                fee = one.fen * FEE_BPS // 10_000
                found.append(
                    StatementRow(
                        self.name,
                        "charge",
                        one.out_trade_no,
                        one.transaction_id,
                        one.fen,
                        fee,
                        one.currency,
                        one.paid_at,
                    )
                )
            for back in one.refunds.values():
                if back.status is RefundStatus.DONE and back.at is not None:
                    number = back.out_refund_no
                    found.append(
                        StatementRow(self.name, "refund", number, f"r{number}", back.fen, 0, one.currency, back.at)
                    )
        return found

    def _misprinted(self, row: StatementRow) -> list[StatementRow]:
        lot = self._scheduler.dice.random()
        if lot < 0.02:
            return []
        if lot < 0.04:
            return [row, row]
        if lot < 0.05:
            return [replace(row, fen=row.fen + 1)]
        return [replace(row, currency="USD")] if lot < 0.06 else [row]

    async def refresh_keys(self) -> bool:
        return False

    def parse_callback(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        if not hmac.compare_digest(headers.get("mac", ""), self._mac(body)):
            raise ForgedCallback("not signed by the provider")
        said = json.loads(body)
        if said["merchant"] != MERCHANT:
            raise ForeignCallback("another merchant")
        signed_at = datetime.fromtimestamp(said["signed_at"], UTC)
        if abs((now - signed_at).total_seconds()) > STALE_SECONDS:
            raise StaleCallback("signed too long ago")
        source = NoticeSource(said["id"], said["kind"], signed_at, signed_at, said["id"], "1", False)
        at = datetime.fromtimestamp(said["at"], UTC) if said["at"] else None
        if said["kind"] == "charge":
            assert at is not None
            return ChargeNotice(
                source, MERCHANT, "", said["number"], said["transaction_id"], said["fen"], said["currency"], at, ""
            )
        status = RefundStatus(said["status"])
        number = said["number"]
        return RefundNotice(source, MERCHANT, said["of"], "", number, f"r{number}", said["fen"], None, status, at)

    def sign(self, body: dict[str, Any], *, forged: bool = False) -> tuple[dict[str, str], bytes]:
        sent = json.dumps(body | {"signed_at": self._scheduler.now}).encode()
        return {"mac": "0" * 64 if forged else self._mac(sent)}, sent

    def _mac(self, body: bytes) -> str:
        return hmac.new(self._secret, body, hashlib.sha256).hexdigest()

    # --- what the buyer and the clock do at the provider

    def pay(self, out_trade_no: str) -> bool:
        """The buyer pays, if the provider's page still lets them; a little after its time it sometimes does."""
        known = self.book.get(out_trade_no)
        late = timedelta(seconds=self._scheduler.dice.choice([0, 0, 600]))
        if known is None or known.status is not ChargeStatus.NOT_PAID or self._now() > known.expires_at + late:
            return False
        self._numbers += 1
        known.status, known.paid_at = ChargeStatus.PAID, self._now()
        known.transaction_id = f"{self.name}{self._numbers:08d}"
        self._tell(charge_body(known))
        return True

    def tick(self) -> None:
        """Refunds under way come to their end."""
        for charged in self.book.values():
            for one in charged.refunds.values():
                if one.status is RefundStatus.PROCESSING and one.due <= self._scheduler.now:
                    one.status, one.at = one.then, self._now()
                    self._tell(refund_body(charged, one))

    def pending(self) -> list[float]:
        """When refunds under way will end."""
        refunds = (one for charged in self.book.values() for one in charged.refunds.values())
        return [one.due for one in refunds if one.status is RefundStatus.PROCESSING]

    def _begin(self, charged: Charged, request: RefundRequest) -> Refunded:
        dice = self._scheduler.dice
        ends = [RefundStatus.DONE, RefundStatus.CLOSED, RefundStatus.ABNORMAL]
        then = dice.choices(ends, [90, 6, 4])[0] if self.faults else RefundStatus.DONE
        made = Refunded(
            request.out_refund_no,
            request.refund_fen,
            RefundStatus.PROCESSING,
            self._scheduler.now + dice.expovariate(1 / 60),
            then,
        )
        charged.refunds[made.out_refund_no] = made
        return made

    def _said(self, charged: Charged, known: Refunded) -> RefundState:
        return RefundState(
            known.out_refund_no,
            known.status,
            charged.out_trade_no,
            f"r{known.out_refund_no}",
            known.fen,
            charged.fen,
            charged.currency,
            known.at if known.status is RefundStatus.DONE else None,
        )

    def _tell(self, body: dict[str, Any]) -> None:
        """Callbacks may be lost, sent twice and overtake one another."""
        dice = self._scheduler.dice
        for _ in range(dice.choices([0, 1, 2, 3], [12, 70, 12, 6])[0] if self.faults else 1):
            mean = dice.choice([1, 20, 3_600, 86_400]) if self.faults else 1
            self._post.append(Letter(self.name, body, self._scheduler.now + dice.expovariate(1 / mean)))

    async def _before(self, what: str, number: str) -> None:
        """The question is lost on its way, or refused for a reason that passes."""
        await self._scheduler.gate(f"gateway.{what}")
        lot = self._scheduler.dice.random()
        if self.faults and lot < 0.04:
            raise GatewayTimeout(what, number, "the question was lost")
        if self.faults and lot < 0.06:
            raise GatewayRefused("SYSTEM_ERROR", "come back later", 429)

    async def _after(self, what: str, number: str) -> None:
        """The answer is lost on its way: it was done."""
        await self._scheduler.gate(f"gateway.{what} answered")
        if self.faults and self._scheduler.dice.random() < 0.05:
            raise GatewayTimeout(what, number, "the answer was lost")

    def _now(self) -> datetime:
        return self._scheduler.clock.now()


def charge_body(known: Charged) -> dict[str, Any]:
    assert known.paid_at is not None
    return {
        "id": f"n{known.transaction_id}",
        "kind": "charge",
        "merchant": MERCHANT,
        "number": known.out_trade_no,
        "transaction_id": known.transaction_id,
        "fen": known.fen,
        "currency": known.currency,
        "at": known.paid_at.timestamp(),
    }


def refund_body(charged: Charged, known: Refunded) -> dict[str, Any]:
    return {
        "id": f"n{known.out_refund_no}{known.status.value}",
        "kind": "refund",
        "merchant": MERCHANT,
        "of": charged.out_trade_no,
        "number": known.out_refund_no,
        "status": known.status.value,
        "fen": known.fen,
        "at": known.at.timestamp() if known.status is RefundStatus.DONE and known.at else None,
    }
