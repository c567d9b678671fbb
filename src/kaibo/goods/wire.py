"""Requests and responses of the goods wing. Ids are strings, money is *_fen integers, times RFC 3339 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from kaibo.goods.catalog import rules
from kaibo.goods.catalog.model import Product, ProductDraft, Sku, SkuDraft
from kaibo.goods.contracts import PictureView, ProductCard, ProductState, ServiceTag, SkuView, StockState
from kaibo.kernel.web import Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.people.contracts import ShopView

StrictBool = Annotated[bool, Field(strict=True)]
Point = Annotated[Text, StringConstraints(min_length=1, max_length=rules.POINT_CHARS_MAX)]
AttributeText = Annotated[Text, StringConstraints(min_length=1, max_length=rules.ATTRIBUTE_CHARS_MAX)]
Pieces = Annotated[int, Field(strict=True, ge=0, le=rules.STOCK_MAX)]
Title = Annotated[Text, StringConstraints(min_length=2, max_length=rules.TITLE_CHARS_MAX)]
CategoryKey = Annotated[Text, StringConstraints(min_length=1, max_length=40)]
Description = Annotated[Text, StringConstraints(max_length=rules.DESCRIPTION_CHARS_MAX)]
Origin = Annotated[Text, StringConstraints(max_length=rules.ORIGIN_CHARS_MAX)]
Freight = Annotated[int, Field(strict=True, ge=0, le=rules.FREIGHT_FEN_MAX)]
CommissionBps = Annotated[int, Field(strict=True, ge=0, le=rules.COMMISSION_BPS_MAX)]


class CategoryWire(Wire):
    key: str
    name: str
    parent_key: str | None


class Categories(Wire):
    items: list[CategoryWire]


class ShopName(Wire):
    id: Id
    name: str


class ProductCardWire(Wire):
    id: Id
    title: str
    picture_url: str | None
    price_fen_min: int
    price_fen_max: int
    shop: ShopName
    service_tags: list[ServiceTag]
    sold_count: int
    stock_state: StockState

    @classmethod
    def of(cls, card: ProductCard) -> ProductCardWire:
        return cls(
            id=card.id,
            title=card.title,
            picture_url=card.picture_url,
            price_fen_min=card.price_fen_min,
            price_fen_max=card.price_fen_max,
            shop=ShopName(id=card.shop_id, name=card.shop_name),
            service_tags=list(card.service_tags),
            sold_count=card.sold_count,
            stock_state=card.stock_state,
        )


class PictureWire(Wire):
    id: Id
    url: str
    thumbnail_url: str
    width: int
    height: int

    @classmethod
    def of(cls, view: PictureView) -> PictureWire:
        return cls(id=view.id, url=view.url, thumbnail_url=view.thumbnail_url, width=view.width, height=view.height)


class Attribute(Wire):
    name: AttributeText
    value: AttributeText


class SkuOnOffer(Wire):
    """At the price of a window: `price_until` is its end, `struck_fen` what may lawfully stand struck beside it."""

    id: Id
    name: str
    price_fen: int
    stock_left: int
    limit_per_buyer: int | None
    struck_fen: int | None
    price_until: Instant | None
    price_pieces_left: int | None


class Seller(Wire):
    legal_name: str
    licence_number: str
    address: str


class ProductWire(Wire):
    id: Id
    title: str
    category_key: str
    picture_url: str | None
    price_fen_min: int
    price_fen_max: int
    shop: ShopName
    service_tags: list[ServiceTag]
    sold_count: int
    stock_state: StockState
    pictures: list[PictureWire]
    attributes: list[Attribute]
    selling_points: list[str]
    description: str
    origin: str
    freight_fen: int
    skus: list[SkuOnOffer]
    seller: Seller
    review_state: ProductState

    @classmethod
    def of(cls, p: Product, shop: ShopView, on_offer: Sequence[SkuView]) -> ProductWire:
        prices = [sku.price_fen for sku in on_offer] or [0]
        return cls.model_validate(
            _shared(p, shop)
            | {"price_fen_min": min(prices), "price_fen_max": max(prices), "review_state": p.state}
            | {"skus": [_on_offer(sku) for sku in on_offer]}
        )


def _on_offer(sku: SkuView) -> SkuOnOffer:
    return SkuOnOffer(
        id=sku.id,
        name=sku.name,
        price_fen=sku.price_fen,
        stock_left=sku.stock_left,
        limit_per_buyer=sku.limit_per_buyer,
        struck_fen=sku.struck_fen,
        price_until=sku.price_until,
        price_pieces_left=sku.price_pieces_left,
    )


class ShopSku(Wire):
    id: Id
    name: str
    code: str | None
    price_fen: int
    stock: int
    held: int
    available: int
    stock_left: int
    limit_per_buyer: int | None

    @classmethod
    def of(cls, s: Sku) -> ShopSku:
        return cls(
            id=s.id,
            name=s.name,
            code=s.code,
            price_fen=s.price_fen,
            stock=s.stock,
            held=s.held,
            available=s.available,
            stock_left=s.available,
            limit_per_buyer=s.limit_per_buyer,
        )


class ShopProduct(Wire):
    id: Id
    title: str
    category_key: str
    picture_url: str | None
    price_fen_min: int
    price_fen_max: int
    shop: ShopName
    service_tags: list[ServiceTag]
    sold_count: int
    stock_state: StockState
    pictures: list[PictureWire]
    attributes: list[Attribute]
    selling_points: list[str]
    description: str
    origin: str
    freight_fen: int
    skus: list[ShopSku]
    seller: Seller
    review_state: ProductState
    state: ProductState
    commission_bps: int
    refusal_reason: str | None
    created_at: Instant
    updated_at: Instant
    submitted_at: Instant | None

    @classmethod
    def of(cls, p: Product, shop: ShopView) -> ShopProduct:
        return cls(
            **_shared(p, shop),
            skus=[ShopSku.of(s) for s in p.skus],
            review_state=p.state,
            state=p.state,
            commission_bps=p.commission_bps,
            refusal_reason=p.refusal_reason,
            created_at=p.created_at,
            updated_at=p.updated_at,
            submitted_at=p.submitted_at,
        )


def _shared(p: Product, shop: ShopView) -> dict[str, object]:
    prices = [s.price_fen for s in p.skus] or [0]
    return {
        "id": p.id,
        "title": p.title,
        "category_key": p.category_key,
        "picture_url": p.pictures[0].thumbnail_url if p.pictures else None,
        "price_fen_min": min(prices),
        "price_fen_max": max(prices),
        "shop": ShopName(id=shop.id, name=shop.name),
        "service_tags": list(p.service_tags),
        "sold_count": p.sold_count,
        "stock_state": rules.stock_state(p.stock_left),
        "pictures": [PictureWire.of(view) for view in p.pictures],
        "attributes": [Attribute(name=name, value=value) for name, value in p.attributes],
        "selling_points": list(p.selling_points),
        "description": p.description,
        "origin": p.origin,
        "freight_fen": p.freight_fen,
        "seller": Seller(legal_name=shop.legal_name, licence_number=shop.licence_number, address=shop.address),
    }


class SkuBody(Wire):
    """`id` names an existing SKU. For one, `stock_was` is the stock the writer saw: what was sold since then still counts."""

    id: Id | None = None
    name: Annotated[Text, StringConstraints(min_length=1, max_length=rules.SKU_NAME_CHARS_MAX)]
    code: Annotated[Text, StringConstraints(max_length=rules.SKU_CODE_CHARS_MAX)] | None = None
    price_fen: Annotated[int, Field(strict=True, ge=1, le=rules.PRICE_FEN_MAX)]
    stock: Pieces | None = None
    stock_was: Pieces | None = None
    limit_per_buyer: Annotated[int, Field(strict=True, ge=1, le=rules.LIMIT_PER_BUYER_MAX)] | None = None

    def draft(self) -> SkuDraft:
        return SkuDraft(
            id=self.id,
            name=self.name,
            code=self.code or None,
            price_fen=self.price_fen,
            stock=self.stock,
            stock_was=self.stock_was,
            limit_per_buyer=self.limit_per_buyer,
        )


class ProductBody(Wire):
    title: Title
    category_key: CategoryKey
    description: Description = ""
    origin: Origin = ""
    selling_points: list[Point] = Field(default_factory=list, max_length=rules.POINTS_MAX)
    attributes: list[Attribute] = Field(default_factory=list, max_length=rules.ATTRIBUTES_MAX)
    picture_ids: list[Id] = Field(default_factory=list, max_length=rules.PICTURES_MAX)
    service_tags: list[ServiceTag] = Field(default_factory=list, max_length=len(rules.SERVICE_TAGS))
    freight_fen: Freight = 0
    commission_bps: CommissionBps = 0
    skus: list[SkuBody] = Field(default_factory=list, max_length=rules.SKUS_MAX)


class ProductPatch(Wire):
    """Absent (or null) members stay as they are; a list that is sent replaces the whole list."""

    title: Title | None = None
    category_key: CategoryKey | None = None
    description: Description | None = None
    origin: Origin | None = None
    selling_points: Annotated[list[Point], Field(max_length=rules.POINTS_MAX)] | None = None
    attributes: Annotated[list[Attribute], Field(max_length=rules.ATTRIBUTES_MAX)] | None = None
    picture_ids: Annotated[list[Id], Field(max_length=rules.PICTURES_MAX)] | None = None
    service_tags: Annotated[list[ServiceTag], Field(max_length=len(rules.SERVICE_TAGS))] | None = None
    freight_fen: Freight | None = None
    commission_bps: CommissionBps | None = None
    skus: Annotated[list[SkuBody], Field(max_length=rules.SKUS_MAX)] | None = None


def draft_of(body: ProductBody | ProductPatch) -> ProductDraft:
    attributes, tags, ids = body.attributes, body.service_tags, body.picture_ids
    return ProductDraft(
        title=body.title,
        category_key=body.category_key,
        description=body.description,
        origin=body.origin,
        selling_points=None if body.selling_points is None else tuple(body.selling_points),
        attributes=None if attributes is None else tuple((a.name, a.value) for a in attributes),
        picture_ids=None if ids is None else tuple(dict.fromkeys(ids)),
        service_tags=None if tags is None else tuple(dict.fromkeys(tags)),
        freight_fen=body.freight_fen,
        commission_bps=body.commission_bps,
        skus=None if body.skus is None else tuple(sku.draft() for sku in body.skus),
    )


class StockBody(Wire):
    delta: Annotated[int, Field(strict=True, ge=-rules.STOCK_MAX, le=rules.STOCK_MAX)]
    reason: Annotated[Text, StringConstraints(min_length=1, max_length=100)]


class StockWire(Wire):
    stock: int
    held: int
    available: int


class ImportFault(Wire):
    """`line` counts from 1, the header's; `column` is the column's key, null where the whole row is meant."""

    line: int
    column: str | None
    code: str
    message: str


class ImportReport(Wire):
    created: int
    updated: int
    rows: int
    errors: list[ImportFault]


class GoodsTodo(Wire):
    pending: int
    refused: int
    low_stock: int


class ProductDecision(Wire):
    """`reason` is required where `approve` is false."""

    approve: StrictBool
    reason: Annotated[Text, StringConstraints(max_length=300)] = ""


class ShopMerchant(Wire):
    legal_name: str
    licence_number: str
    address: str


class Shop(Wire):
    id: Id
    name: str
    avatar_url: str | None
    merchant: ShopMerchant
    product_count: int
    description: str
