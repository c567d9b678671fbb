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
    rows = [("buyer", BUYER_PHONE, "with an address (other numbers: new buyers)")]
    rows += [(f"merchant {plan.key}", plan.merchant_phone, plan.merchant_name) for plan in plans]
    rows += [(f"host {plan.key}", plan.host_phone, plan.host_name) for plan in plans]
    lines = [
        "Demo accounts",
        f"  By phone; the one-time code appears at http://127.0.0.1:{port}/local/sms",
        *[f"    {role:<16} {phone}  {name}" for role, phone, name in rows],
        f"  Staff, by name, password and a code that changes every {TOTP_SECONDS} s:",
    ]
    for what, account in staff:
        lines += [
            f"    {what:<16} {account.username}  {account.password}  code now {account.code()}",
            f"    {'':<16} authenticator secret {account.totp_secret}",
        ]
    lines.append("  Codes of any moment: run/demo.accounts in the data directory.")
    return "\n".join(lines) + "\n"
