"""The provider's own statement of a day, in one shape for all providers: what reconciliation holds the ledger against."""

from __future__ import annotations

from datetime import date

from kaibo.trade.payment import wiring
from kaibo.trade.payment.gateway import StatementRow
from kaibo.trade.payment.methods import Provider

__all__ = ["StatementRow", "provider_statement"]


async def provider_statement(provider: Provider, day: date) -> list[StatementRow]:
    """Every charge and refund the provider booked on `day` (00:00 to 24:00 in China), fees included.

    Asks the provider; call it while no transaction is open. Raises GatewayTimeout (ask again), GatewayRefused (there is no
    statement of that day, or not yet), GatewayNotConfigured.
    """
    return await wiring.gateway(provider).statement(day)
