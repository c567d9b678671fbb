"""What a merchant writes of a product, and what is read of it in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kaibo.goods.catalog.rules import Content
from kaibo.goods.contracts import PictureView, ProductId, ProductState, ServiceTag, SkuId
from kaibo.people.contracts import ShopId


@dataclass(frozen=True)
class SkuDraft:
    """A SKU as written. `id` names an existing one; `stock_was` is the stock the writer saw, so that sales in between count."""

    name: str
    price_fen: int
    id: UUID | None = None
    code: str | None = None
    stock: int | None = None
    stock_was: int | None = None
    limit_per_buyer: int | None = None


@dataclass(frozen=True)
class ProductDraft:
    """The members to write; None leaves one as it is (creating: None is the empty value)."""

    title: str | None = None
    category_key: str | None = None
    description: str | None = None
    origin: str | None = None
    selling_points: tuple[str, ...] | None = None
    attributes: tuple[tuple[str, str], ...] | None = None
    picture_ids: tuple[UUID, ...] | None = None
    service_tags: tuple[ServiceTag, ...] | None = None
    freight_fen: int | None = None
    commission_bps: int | None = None
    skus: tuple[SkuDraft, ...] | None = None


@dataclass(frozen=True)
class Sku:
    """`stock` pieces are in the warehouse, `held` of them for unpaid orders."""

    id: SkuId
    name: str
    code: str | None
    price_fen: int
    stock: int
    held: int
    sold: int
    limit_per_buyer: int | None

    @property
    def available(self) -> int:
        return self.stock - self.held


@dataclass(frozen=True)
class Product:
    """A product in full, as its merchant sees it."""

    id: ProductId
    shop_id: ShopId
    title: str
    category_key: str
    description: str
    origin: str
    selling_points: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    service_tags: tuple[ServiceTag, ...]
    freight_fen: int
    commission_bps: int
    state: ProductState
    refusal_reason: str | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    pictures: tuple[PictureView, ...]
    skus: tuple[Sku, ...]

    def content(self) -> Content:
        """What a reviewer reviews."""
        return Content(
            title=self.title,
            category_key=self.category_key,
            description=self.description,
            origin=self.origin,
            selling_points=self.selling_points,
            attributes=self.attributes,
            service_tags=self.service_tags,
            picture_ids=tuple(p.id for p in self.pictures),
            sku_names=tuple(s.name for s in self.skus),
        )

    @property
    def stock_left(self) -> int:
        return sum(sku.available for sku in self.skus)

    @property
    def sold_count(self) -> int:
        return sum(sku.sold for sku in self.skus)
