"""The order and its money.

Owns: orders with their lines and history (`orders/`), the charge and the refund at the payment provider (`payment/`), the
double-entry ledger (`ledger/`) and what merchant, creator and platform get in the end (`settlement/`).

Promises: an order is never placed without a stock hold and never expires without giving it back; money that arrives is either
the order's or on its way back; every change of state leaves a history line; every posting sums to zero.

Publishes: `trade.orders.placed` (many at once), `trade.order.paid`, `.cancelled`, `.expired`, `.shipped`, `.received`, `.refunded`,
`.settled` and `trade.payment.refunded_late`. Hears no events: it is driven by requests, timers and the provider's callbacks.
"""
