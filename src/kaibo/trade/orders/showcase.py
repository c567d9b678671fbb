"""What goods say of an order that claims to come from a creator's showcase. Goods stand below trade, so trade may ask itself."""

from __future__ import annotations

from kaibo.goods import facade as goods
from kaibo.goods.contracts import ProductId
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId
from kaibo.trade.contracts import Source, SourceFacts


async def resolve_showcase(db: Db, source: Source) -> SourceFacts:
    """The creator `source.id` earns while the product `source.item` lies in their showcase."""
    nothing = SourceFacts(creator_id=None, title="", allowed=False)
    if source.id is None or source.item is None or not await goods.in_showcase(db, source.id, source.item):
        return nothing
    creator_id = PersonId(source.id)
    person = (await people.person_view(db, [creator_id])).get(creator_id)
    if person is None or person.deleted:
        return nothing
    return SourceFacts(creator_id=creator_id, title=person.nickname, allowed=True, product_id=ProductId(source.item))
