"""What trade does by itself: on its own events, at its timers, in its jobs. This is the whole list."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kaibo.goods.contracts.slots import SlotMeasured, SlotReleased, SlotSigned
from kaibo.kernel import context
from kaibo.kernel.jobs import Jobs
from kaibo.kernel.reactions import Reactions
from kaibo.kernel.timers import Timers
from kaibo.trade.aftersales.by_time import decide_by_time
from kaibo.trade.aftersales.finish import finish_case
from kaibo.trade.aftersales.record import DEADLINE
from kaibo.trade.aftersales.track_return import ASK_RETURN, TRACK_RETURN, ask_return, drive_return
from kaibo.trade.aftersales.way_back import fund_cover
from kaibo.trade.compensation.recover import recover_after_settlement
from kaibo.trade.contracts import OrderSettled, OrderShipped, PaymentRefundDone
from kaibo.trade.invoices.documents import documents
from kaibo.trade.invoices.provider import ISSUE, ISSUE_BY_PROVIDER, drive_invoice, issue_by_provider
from kaibo.trade.ledger.check_books import CHECK, CHECK_NIGHTLY, check_and_keep, check_nightly
from kaibo.trade.ledger.rollup import ROLL_UP, roll_up_by_time
from kaibo.trade.orders.receive import RECEIVE, SETTLE
from kaibo.trade.payment.model import ChargeId, RefundId
from kaibo.trade.payment.refund import REFUND
from kaibo.trade.payment.resolve import RESOLVE, drive_charge, resolve_charge
from kaibo.trade.payment.send_refund import SEND_REFUND, drive_refund, send_refund
from kaibo.trade.payment.start import QUERY
from kaibo.trade.payment.sweep_unpaid import sweep_unpaid
from kaibo.trade.points.expire import EXPIRE_POINTS, expire_by_time
from kaibo.trade.presales.close_by_time import close_by_time
from kaibo.trade.presales.fail import FAIL, FAIL_ORDER, fail_order, fail_orders
from kaibo.trade.presales.open_balance import open_balance
from kaibo.trade.presales.take_deposit import CLOSE_UNPAID, OPEN_BALANCE
from kaibo.trade.reconciliation.fetch import COMPARE, MORNING, every_morning, fetch_and_compare
from kaibo.trade.settlement.close import settle_by_time
from kaibo.trade.shipping.model import ParcelId
from kaibo.trade.shipping.receive_by_time import receive_by_time
from kaibo.trade.shipping.track import ASK_CARRIER, TRACK, ask_carrier, drive_parcel
from kaibo.trade.slots.money import hold_fee, release_fee, settle_fee

reactions = Reactions("trade")
timers = Timers("trade")
jobs = Jobs("trade")

timers.sweep(sweep_unpaid)
timers.on(RECEIVE)(receive_by_time)
timers.on(SETTLE)(settle_by_time)
timers.on(QUERY)(drive_charge)
timers.on(ROLL_UP)(roll_up_by_time)
timers.on(CHECK_NIGHTLY)(check_nightly)
timers.on(REFUND)(drive_refund)
timers.on(TRACK)(drive_parcel)
timers.on(ISSUE)(drive_invoice)
timers.on(DEADLINE)(decide_by_time)
timers.on(TRACK_RETURN)(drive_return)
timers.on(OPEN_BALANCE)(open_balance)
timers.on(CLOSE_UNPAID)(close_by_time)
timers.on(FAIL)(fail_orders)
timers.on(FAIL_ORDER)(fail_order)
timers.on(EXPIRE_POINTS)(expire_by_time)

reactions.on(PaymentRefundDone)(finish_case)
reactions.on(SlotSigned)(hold_fee)
reactions.on(SlotReleased)(release_fee)
reactions.on(SlotMeasured)(settle_fee)
reactions.on(OrderShipped)(fund_cover)
reactions.on(OrderSettled)(recover_after_settlement)
timers.on(MORNING)(every_morning)


@jobs.job(RESOLVE)
async def resolve(charge_id: str) -> None:
    """Ask the provider about a charge, or have it closed."""
    await resolve_charge(context.database(), ChargeId(UUID(charge_id)))


@jobs.job(SEND_REFUND)
async def refund(refund_id: str) -> None:
    """Send a refund to the provider, or ask how it stands."""
    await send_refund(context.database(), RefundId(UUID(refund_id)))


@jobs.job(ASK_CARRIER)
async def ask(parcel_id: str) -> None:
    """Subscribe to a parcel's news, or ask for it."""
    await ask_carrier(context.database(), ParcelId(UUID(parcel_id)))


@jobs.job(ISSUE_BY_PROVIDER)
async def make_invoice(invoice_id: str) -> None:
    """Have the provider of electronic invoices make one, or ask how it stands."""
    await issue_by_provider(context.database(), documents(context.settings()), UUID(invoice_id))


@jobs.job(COMPARE)
async def compare(provider: str, day: str) -> None:
    """Hold a day of a payment provider against its statement."""
    await fetch_and_compare(provider, date.fromisoformat(day))


@jobs.job(CHECK)
async def check_the_books(asked_by: str | None = None) -> None:
    """Recompute the whole ledger and keep what was found."""
    await check_and_keep(context.database(), None if asked_by is None else UUID(asked_by))


@jobs.job(ASK_RETURN)
async def ask_about_return(case_id: str) -> None:
    """Ask the carrier service whether a return parcel has arrived."""
    await ask_return(context.database(), UUID(case_id))
