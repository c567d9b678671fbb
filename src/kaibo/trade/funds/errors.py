"""What withdrawals and deposits refuse."""

from __future__ import annotations

from datetime import datetime

from kaibo.kernel.errors import Conflict, Invalid, NotFound, refusal


@refusal
class WithdrawalMissing(NotFound):
    code = "trade.withdrawal_missing"
    withdrawal_id: str


@refusal
class WithdrawalTooSmall(Invalid):
    code = "trade.withdrawal_too_small"
    fen: int
    fen_min: int
    yuan_min: str


@refusal
class NotWithdrawable(Conflict):
    """Less is ripe and free than was asked for."""

    code = "trade.not_withdrawable"
    available_fen: int
    wanted_fen: int
    available_yuan: str


@refusal
class WithdrawalStateWrong(Conflict):
    code = "trade.withdrawal_state_wrong"
    state: str
    action: str


@refusal
class NoBankAccount(Conflict):
    code = "trade.no_bank_account"


@refusal
class BadBankNumber(Invalid):
    code = "trade.bad_bank_number"
    digits_min: int
    digits_max: int


@refusal
class DepositTooLow(Conflict):
    """A shop whose deposit has been below its minimum for longer than the grace period lists nothing new."""

    code = "trade.deposit_too_low"
    balance_yuan: str
    minimum_yuan: str


@refusal
class ShopClosed(Conflict):
    """A closed shop lists nothing; an operator can open it again."""

    code = "trade.shop_closed"


@refusal
class ShopNotClosed(Conflict):
    """Only a closed shop gets its whole deposit back."""

    code = "trade.shop_not_closed"


@refusal
class ShopStillOwes(Conflict):
    """Somebody may still claim something of a closed shop. `why` are keys, `until` when the last claim ends."""

    code = "trade.shop_still_owes"
    why: list[str]
    until: datetime | None


@refusal
class DepositKeepsMinimum(Conflict):
    code = "trade.deposit_keeps_minimum"
    minimum_yuan: str
