"""What people at the terminal need to sign in to the demo."""

from __future__ import annotations

from collections.abc import Sequence

from kaibo.demo.invented import HOUSE_PHONE
from kaibo.demo.seed import ShopPlan
from kaibo.demo.staff import TOTP_SECONDS, StaffAccount

BUYER_PHONE = HOUSE_PHONE.format(1)
BUYER_NAME = "来逛逛的朋友"


def accounts_text(port: int, plans: Sequence[ShopPlan], staff: Sequence[tuple[str, StaffAccount]]) -> str:
    """A table for the terminal. `staff` are (what they do, account)."""
    rows = [("buyer, with an address", BUYER_PHONE, "any other mobile number makes a new buyer")]
    rows += [(f"merchant {plan.key}", plan.merchant_phone, plan.merchant_name) for plan in plans]
    rows += [(f"host {plan.key}", plan.host_phone, plan.host_name) for plan in plans]
    lines = [
        "Demo accounts",
        f"  Sign in with the phone number; its one-time code appears at http://127.0.0.1:{port}/local/sms",
        *[f"  {role:<24} {phone}   {name}" for role, phone, name in rows],
        f"  Staff sign in with name, password and a code that changes every {TOTP_SECONDS} s (authenticator secret in brackets):",
    ]
    for what, account in staff:
        lines.append(
            f"  {what:<24} {account.username}   {account.password}   now {account.code()}   [{account.totp_secret}]"
        )
    lines.append("  The codes of this moment are always in run/demo.accounts of the data directory.")
    return "\n".join(lines) + "\n"
