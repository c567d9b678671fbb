"""The entries of an account as a page, for whoever may see them."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.kernel.errors import BadCursor
from kaibo.kernel.i18n import Locale, say
from kaibo.kernel.web import Cursor, Page
from kaibo.trade.ledger.balances import account_id_of, statement_of
from kaibo.trade.ledger.post import Account
from kaibo.trade.wire import StatementEntry

POSITION_DIGITS_MAX = 18


async def account_page(db: Db, account: Account, page: Cursor, locale: Locale) -> Page[StatementEntry]:
    """Empty for an account that has never been used. Raises BadCursor."""
    position_of(page)
    account_id = await account_id_of(db, account)
    if account_id is None:
        return Page[StatementEntry](items=[], next_cursor=None)
    return await statement_page(db, account_id, page, locale)


async def statement_page(db: Db, account_id: UUID, page: Cursor, locale: Locale) -> Page[StatementEntry]:
    """Newest first, each with the balance after it. Raises BadCursor."""
    found = await statement_of(db, account_id, before=position_of(page), limit=page.limit + 1)
    shown = found[: page.limit]
    return Page[StatementEntry](
        items=[
            StatementEntry(
                id=str(one.position),
                at=one.at,
                kind=one.kind,
                order_number=one.order_number,
                amount_fen=one.amount_fen,
                balance_fen=one.balance_fen,
                why=say(one.why, locale, {}),
            )
            for one in shown
        ],
        next_cursor=page.next(found, lambda row: str(row.position)),
    )


def position_of(page: Cursor) -> int | None:
    """The position inside a cursor of entries. Raises BadCursor for any other cursor."""
    text = page.text(0)
    if text is not None and not (text.isascii() and text.isdigit() and len(text) <= POSITION_DIGITS_MAX):
        raise BadCursor(cursor=text[:40])
    return None if text is None else int(text)
