"""How approved money leaves the house. The embedded way waits for a person: an operator transfers by hand and confirms.

A house with a bank's interface installs its own `Payouts`: `begin` runs inside the approving transaction (write down what to send,
have a job send it) and the answer ends in `decide.confirm_paid` or `decide.return_withdrawal`.
"""

from __future__ import annotations

from typing import Protocol

from kaibo.kernel.db import Db
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.funds.model import Withdrawal

log = get_logger(__name__)


class Payouts(Protocol):
    async def begin(self, db: Db, approved: Withdrawal) -> None:
        """Begin to pay out. Raising keeps the withdrawal unapproved."""


class ByHand:
    """The withdrawal stays approved until an operator has transferred it and says so."""

    async def begin(self, db: Db, approved: Withdrawal) -> None:
        log.info("payout.by_hand", withdrawal=str(approved.id), fen=approved.fen - approved.fee_fen)


_installed: Payouts = ByHand()


def payouts() -> Payouts:
    return _installed


def install(new: Payouts) -> Payouts:
    """Use `new` from now on; returns what was there before."""
    global _installed
    before, _installed = _installed, new
    return before
