"""The buyer, as the till needs them."""

from __future__ import annotations

from dataclasses import dataclass

from kaibo.kernel.i18n import Locale
from kaibo.people.contracts import PersonId


@dataclass(frozen=True)
class BuyerView:
    """The person behind a login cookie, as far as an order needs them; `locale` is the one they chose."""

    id: PersonId
    nickname: str
    locale: Locale
