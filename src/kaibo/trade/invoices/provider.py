"""Who makes the electronic invoice.

By default the shop's staff: an invoice waits in their queue until they hand in its number and file. A provider of electronic
invoices (the tax bureau's platform, or a company licensed to sit before it) that an entry point installs is given every invoice
that is asked for; its keys come with the merchant's contract, so there is none to ship with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from kaibo.kernel import clock, jobs, timers
from kaibo.kernel.blobs import Blobs
from kaibo.kernel.db import Database, Db
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.invoices import rules
from kaibo.trade.invoices.lookup import invoice_by_id
from kaibo.trade.invoices.model import Invoice, InvoiceState
from kaibo.trade.invoices.work_off import hand_in, take_on

log = get_logger(__name__)

ISSUE = "trade.invoice.issue"
ISSUE_BY_PROVIDER = "trade.invoice.issue_by_provider"
AGAIN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Made:
    """`content` is the PDF or OFD file."""

    number: str
    content: bytes


class ProviderError(Exception):
    """No trustworthy answer; the same call may be repeated."""


class InvoiceProvider(Protocol):
    async def issue(self, invoice: Invoice) -> Made | None:
        """Over `invoice.worth_fen`. None where it takes time: it is asked again. Asking twice for one invoice (its id) makes
        one. Raises ProviderError."""


_installed: InvoiceProvider | None = None


def install(provider: InvoiceProvider | None) -> None:
    """Make `provider` this process's provider; None leaves invoices to the shops' staff."""
    global _installed
    _installed = provider


async def begin(db: Db, invoice: Invoice) -> None:
    """Have the provider make it soon, where there is one."""
    if _installed is not None:
        await timers.set_timer(db, kind=ISSUE, key=str(invoice.id), due_at=clock.now())


async def drive_invoice(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The timer `trade.invoice.issue`: it stays until the invoice is issued, refused or withdrawn."""
    found = await invoice_by_id(db, UUID(key))
    if found is None or InvoiceState.ISSUED not in rules.TRANSITIONS[found.state]:
        return
    due_at = clock.now() + timedelta(seconds=AGAIN_SECONDS)
    await timers.set_timer(db, kind=ISSUE, key=key, due_at=due_at)
    await jobs.defer(db, ISSUE_BY_PROVIDER, invoice_id=key)


async def issue_by_provider(database: Database, blobs: Blobs, invoice_id: UUID) -> None:
    """One conversation with the provider; no transaction is open meanwhile."""
    async with database.transaction() as db:
        found = await invoice_by_id(db, invoice_id)
        if found is None or _installed is None or InvoiceState.ISSUED not in rules.TRANSITIONS[found.state]:
            return
        found = await take_on(db, found.id, shop_id=found.shop_id)
    try:
        made = await _installed.issue(found)
    except ProviderError as wrong:
        log.warning("invoice.not_made", invoice_id=str(invoice_id), error=str(wrong))
        return
    if made is None:
        return
    async with database.transaction() as db:
        await hand_in(db, blobs, found.id, shop_id=found.shop_id, by=None, number=made.number, content=made.content)
