"""What other wings may ask of goods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from kaibo.goods.contracts import CardPage, PictureId, PictureView, ProductCard, ProductId, QuotedLine, SkuId, SkuView
from kaibo.kernel.db import Db
from kaibo.kernel.web import Cursor


async def quote(db: Db, lines: Sequence[tuple[UUID, int]]) -> list[QuotedLine]:
    """What (SKU, quantity) costs now, in the order given; equal SKUs are not merged.

    Raises SkuMissing, QuantityInvalid. A product that may not be sold comes back with approved=False.
    """
    raise NotImplementedError


async def hold(db: Db, order_id: UUID, lines: Sequence[tuple[UUID, int]], *, buyer_id: UUID | None = None) -> None:
    """Set the pieces aside for an order. Repeating the same call changes nothing.

    Locks stock rows in SKU order. Raises OutOfStock, SkuMissing, QuantityInvalid, HoldExists, and LimitReached where
    `buyer_id` is given and a SKU's limit_per_buyer would be passed. Publishes StockChanged.
    """
    raise NotImplementedError


async def release(db: Db, order_id: UUID) -> None:
    """The order was cancelled or expired unpaid: its held pieces can be sold again. Idempotent."""
    raise NotImplementedError


async def consume(db: Db, order_id: UUID) -> None:
    """The order is paid: held pieces are sold. Idempotent."""
    raise NotImplementedError


async def put_back(db: Db, order_id: UUID) -> None:
    """A paid order was refunded before shipping: its sold pieces return to stock. Idempotent."""
    raise NotImplementedError


async def product_cards(db: Db, product_ids: Iterable[UUID]) -> dict[ProductId, ProductCard]:
    """Cards of the products that exist among `product_ids`, whatever their review state (see `approved`)."""
    raise NotImplementedError


async def skus_of(db: Db, product_ids: Iterable[UUID]) -> dict[ProductId, list[SkuView]]:
    """The SKUs on offer of each product, in the merchant's order."""
    raise NotImplementedError


async def skus(db: Db, sku_ids: Iterable[UUID]) -> dict[SkuId, SkuView]:
    """The SKUs that exist among `sku_ids`."""
    raise NotImplementedError


async def require_approved(db: Db, product_ids: Iterable[UUID]) -> None:
    """Raises ProductMissing or NotOnSale for the first product that may not be sold (Order 117 art. 30)."""
    raise NotImplementedError


async def search_cards(db: Db, q: str, cursor: Cursor, *, shop_id: UUID | None = None) -> CardPage:
    """Approved products whose title (or its pinyin) contains every word of `q`, newest first."""
    raise NotImplementedError


async def picture_view(db: Db, picture_ids: Iterable[UUID]) -> dict[PictureId, PictureView]:
    """The pictures that exist among `picture_ids`."""
    raise NotImplementedError


async def require_picture(db: Db, picture_id: UUID, owner_id: UUID) -> PictureView:
    """A picture this person uploaded. Raises PictureMissing."""
    raise NotImplementedError
