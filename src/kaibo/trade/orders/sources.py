"""Where an order came from, resolved by the wing that owns the place.

An order from a place that is not selling (a rehearsal, an ended broadcast, an item that is not in the bag, a kind nobody has
registered) loses its source and with it the creator's commission. It never loses the sale.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from kaibo.goods.contracts import ProductId
from kaibo.kernel.db import Db
from kaibo.kernel.telemetry import counter, get_logger
from kaibo.people.contracts import PersonId
from kaibo.trade.contracts import Source, SourceFacts
from kaibo.trade.orders.showcase import resolve_showcase

log = get_logger(__name__)

SourceResolver = Callable[[Db, Source], Awaitable[SourceFacts]]

lost = counter("kaibo_trade_sources_lost_total", "Orders placed without the source they claimed.", ("kind", "why"))

_resolvers: dict[str, SourceResolver] = {"showcase": resolve_showcase}


def register_source_resolver(kind: str, resolver: SourceResolver) -> None:
    """Have orders with `Source.kind == kind` attributed by `resolver`. Called once at start-up by the wing that owns the kind."""
    _resolvers[kind] = resolver


@dataclass(frozen=True)
class Attribution:
    """The source that the order keeps and who earns from it; all None where it has none.

    `products` are the only ones of the order that the creator earns on; None: all of them.
    """

    source: Source | None = None
    creator_id: PersonId | None = None
    title: str | None = None
    products: frozenset[ProductId] | None = None


async def resolve(db: Db, source: Source) -> SourceFacts | None:
    """What the owner of the source says of it now; None where nobody owns its kind."""
    resolver = _resolvers.get(source.kind)
    return await resolver(db, source) if resolver else None


async def attribute(db: Db, source: Source, products: Iterable[ProductId]) -> Attribution:
    """Ask the owner of the source. A resolver that fails fails the order: attribution is money."""
    if source.kind == "shelf":
        return Attribution(source=source)
    facts = await resolve(db, source)
    if facts is None:
        return _lose(source, "no_resolver")
    if not facts.allowed:
        return _lose(source, "not_allowed")
    if facts.product_id is not None and facts.product_id not in set(products):
        return _lose(source, "other_product")
    return Attribution(source=source, creator_id=facts.creator_id, title=facts.title)


def _lose(source: Source, why: str) -> Attribution:
    lost.labels(source.kind, why).inc()
    log.info("order.source_lost", kind=source.kind, id=str(source.id), item=str(source.item), why=why)
    return Attribution()
