"""Stripe Checkout as a `kaibo.trade.payment.gateway.Gateway`, for buyers abroad; its official package does the talking.

Speaks to the real service and to `kaibo.sandbox.stripe` alike: only the address and the keys differ.
"""

from kaibo.trade.payment.stripe.client import StripeGateway
from kaibo.trade.payment.stripe.config import StripeConfig, read_stripe_file

__all__ = ["StripeConfig", "StripeGateway", "read_stripe_file"]
