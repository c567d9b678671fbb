"""The merchant's side of a Stripe account."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kaibo.trade.payment.provider_file import ProviderFileError, http_base, read_fields

FIELDS = ("secret_key", "webhook_secret", "api_base")


@dataclass(frozen=True, slots=True)
class StripeConfig:
    """`webhook_secret` (whsec_…) is that of the webhook endpoint at /api/payments/stripe/notify, which has to send
    checkout.session.*, refund.* and charge.refund.updated. `api_base` is https://api.stripe.com but for the sandbox."""

    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    api_base: str

    @property
    def is_live(self) -> bool:
        return self.secret_key.startswith(("sk_live_", "rk_live_"))


def read_stripe_file(path: Path) -> StripeConfig:
    """Read `stripe.json` or `.toml`. Raises ProviderFileError."""
    values = read_fields(path, FIELDS)
    if not values["secret_key"].startswith(("sk_", "rk_")):
        raise ProviderFileError(f"{path}: secret_key must start with sk_ or rk_")
    if not values["webhook_secret"].startswith("whsec_"):
        raise ProviderFileError(f"{path}: webhook_secret must start with whsec_")
    api_base = http_base(path, "api_base", values["api_base"])
    return StripeConfig(values["secret_key"], values["webhook_secret"], api_base)
