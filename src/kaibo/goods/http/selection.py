"""The selection square, and the creator's showcase."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from kaibo.goods.affiliate import showcase
from kaibo.goods.affiliate.lookup import rates_of
from kaibo.goods.affiliate.selection import Sort, Wish, earning_cards, find_products
from kaibo.goods.affiliate.terms import commission_terms
from kaibo.goods.affiliate.wire import (
    EarningCard,
    MyShowcase,
    SegmentWire,
    SelectionDetail,
    SelectionShop,
    ShowcaseBody,
    ShowcaseIntro,
    ShowcaseOrder,
    ShowcaseWire,
)
from kaibo.goods.catalog.lookup import count_products, product
from kaibo.goods.catalog.rules import PRICE_FEN_MAX
from kaibo.goods.contracts import ProductId, ProductMissing
from kaibo.goods.contracts.affiliate import CreatorUnknown, SoldExclusively
from kaibo.goods.http.shelf import SearchText, shop_of
from kaibo.goods.shelf.cards import product_cards, sold_by_shop
from kaibo.goods.wire import ProductCardWire
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.errors import BadCursor
from kaibo.kernel.money import BPS
from kaibo.kernel.web import CallerDep, Cursor, DbDep, Id, Page, PageQuery, auth
from kaibo.kernel.web.wire import Text
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId

router = APIRouter(tags=["affiliate"])

PriceFen = Annotated[int | None, Query(ge=0, le=PRICE_FEN_MAX)]


@router.get("/api/creators/me/selection", dependencies=[auth.signed_in, auth.scope("affiliate:read")])
async def list_selection(
    db: DbDep,
    caller: CallerDep,
    page: PageQuery,
    q: SearchText = "",
    category: Annotated[Text | None, Query(max_length=40)] = None,
    shop_id: Id | None = None,
    bps_min: Annotated[int | None, Query(ge=0, le=BPS)] = None,
    price_fen_min: PriceFen = None,
    price_fen_max: PriceFen = None,
    sold_min: Annotated[int | None, Query(ge=0, le=10**9)] = None,
    exclusive: bool = False,
    invited: bool = False,
    sample: bool = False,
    sort: Sort = "new",
) -> Page[EarningCard]:
    """What I may sell, with the rate that counts for me. `exclusive`: mine alone; `invited`: through a plan I accepted."""
    wish = Wish(
        q,
        category,
        shop_id,
        bps_min,
        price_fen_min,
        price_fen_max,
        sold_min,
        exclusive=exclusive,
        invited=invited,
        sample=sample,
        sort=sort,
    )
    now, creator_id = clock.now(), PersonId(caller.id)
    found = await find_products(db, creator_id, wish, now, after=_after(page), limit=page.limit + 1)
    shown = found[: page.limit]
    cards = await earning_cards(db, creator_id, [p for _, p in shown], now)
    return Page(items=cards, next_cursor=page.next(found, lambda row: (row[0], str(row[1]))))


def _after(page: Cursor) -> tuple[int, UUID] | None:
    if page.after is None:
        return None
    product_id = page.uuid(1) if len(page.after) == 2 else None
    if product_id is None or not isinstance(page.after[0], int):
        raise BadCursor(cursor="")
    return page.after[0], product_id


@router.get("/api/creators/me/selection/{product_id}", dependencies=[auth.signed_in, auth.scope("affiliate:read")])
async def get_selection(product_id: Id, db: DbDep, caller: CallerDep) -> SelectionDetail:
    """One product for a creator: what they earn, coming changes of the rate, who sells it."""
    now, creator_id = clock.now(), PersonId(caller.id)
    found = await product(db, product_id)
    if found.state != "approved":
        raise ProductMissing(id=str(product_id))
    terms = (await commission_terms(db, creator_id=creator_id, product_ids=[found.id], at=now))[found.id]
    if not terms.may_sell:
        raise SoldExclusively(product_id=found.id, title=found.title)
    shop = await shop_of(db, found.shop_id)
    timeline = (await rates_of(db, terms.plan_id, [product_id]))[0].timeline if terms.plan_id else ()
    return SelectionDetail(
        card=(await earning_cards(db, creator_id, [product_id], now))[0],
        shop=SelectionShop(
            id=shop.id,
            name=shop.name,
            legal_name=shop.legal_name,
            licence_number=shop.licence_number,
            address=shop.address,
            sold_count=await sold_by_shop(db, shop.id),
            product_count=await count_products(db, shop.id, approved_only=True),
        ),
        description=found.description,
        origin=found.origin,
        selling_points=list(found.selling_points),
        picture_urls=[picture.url for picture in found.pictures],
        rate=[SegmentWire(bps=s.bps, start=s.start, end=s.end) for s in timeline if s.end is None or s.end > now],
    )


@router.get("/api/creators/me/showcase", dependencies=[auth.signed_in, auth.scope("affiliate:read")])
async def get_my_showcase(db: DbDep, caller: CallerDep) -> MyShowcase:
    """With what I earn on each, off-sale and barred ones included so that I can clear up."""
    return await _mine(db, caller.id)


@router.post("/api/creators/me/showcase", dependencies=[auth.signed_in, auth.scope("affiliate:write")])
async def add_showcase_items(body: ShowcaseBody, db: DbDep, caller: CallerDep) -> MyShowcase:
    """Put products first. Adding what is there changes nothing, so the call may be repeated."""
    await showcase.add_to_showcase(db, PersonId(caller.id), body.product_ids)
    return await _mine(db, caller.id)


@router.put("/api/creators/me/showcase/order", dependencies=[auth.signed_in, auth.scope("affiliate:write")])
async def sort_showcase(body: ShowcaseOrder, db: DbDep, caller: CallerDep) -> MyShowcase:
    """The whole list in its new order."""
    await showcase.order_showcase(db, caller.id, body.product_ids)
    return await _mine(db, caller.id)


@router.put("/api/creators/me/showcase/intro", dependencies=[auth.signed_in, auth.scope("affiliate:write")])
async def describe_my_showcase(body: ShowcaseIntro, db: DbDep, caller: CallerDep) -> MyShowcase:
    await showcase.describe_showcase(db, caller.id, body.intro)
    return await _mine(db, caller.id)


@router.delete("/api/creators/me/showcase/{product_id}", dependencies=[auth.signed_in, auth.scope("affiliate:write")])
async def take_showcase_item(product_id: Id, db: DbDep, caller: CallerDep) -> MyShowcase:
    await showcase.take_from_showcase(db, caller.id, product_id)
    return await _mine(db, caller.id)


@router.get("/api/creators/{creator_id}/showcase", dependencies=[auth.public])
async def show_showcase(creator_id: Id, db: DbDep) -> ShowcaseWire:
    """A creator's showcase: products on sale that they may sell, in their order."""
    person = (await people.person_view(db, [creator_id])).get(PersonId(creator_id))
    items = await showcase.showcase_items_of(db, creator_id)
    if person is None or person.deleted or not items:
        raise CreatorUnknown()
    ids = [item.product_id for item in items]
    cards = await product_cards(db, ids)
    terms = await commission_terms(db, creator_id=person.id, product_ids=ids, at=clock.now())
    on_sale = [p for p in ids if p in cards and cards[p].approved and terms[p].may_sell]
    return ShowcaseWire(
        creator_id=person.id,
        nickname=person.nickname,
        avatar_url=person.avatar_url,
        intro=await showcase.showcase_intro(db, creator_id),
        items=[ProductCardWire.of(cards[p]) for p in on_sale],
    )


async def _mine(db: Db, creator_id: UUID) -> MyShowcase:
    ids = [ProductId(item.product_id) for item in await showcase.showcase_items_of(db, creator_id)]
    return MyShowcase(
        intro=await showcase.showcase_intro(db, creator_id),
        path=f"/c/{creator_id}",
        items=await earning_cards(db, PersonId(creator_id), ids, clock.now()),
    )
