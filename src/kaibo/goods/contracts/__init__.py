"""What the goods wing shows to others: ids, views, events, refusals. Money is integer fen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal, NewType
from uuid import UUID

from kaibo.kernel.errors import Conflict, Invalid, NotFound, Refused, TooMany, refusal
from kaibo.kernel.events import Event
from kaibo.people.contracts import ShopId

if TYPE_CHECKING:
    from kaibo.goods.contracts.windows import OpenWindow

ProductId = NewType("ProductId", UUID)
SkuId = NewType("SkuId", UUID)
PictureId = NewType("PictureId", UUID)

ProductState = Literal["draft", "pending", "approved", "refused", "withdrawn"]
StockState = Literal["in", "low", "out"]
ServiceTag = Literal[
    "seven_day_return", "freight_cover", "damage_compensation", "ship_48h", "origin_traceable", "installation"
]

PriceKind = Literal["list", "window", "group", "presale"]

LINE_QUANTITY_MAX = 9_999


@dataclass(frozen=True)
class QuotedLine:
    """One line as it costs now: `unit_price_fen` a piece, `freight_fen` once a product, commission in basis points.

    `approved` is False where the product may not be sold at the moment (draft, refused, withdrawn, SKU removed).
    `price_kind` says what kind of price `unit_price_fen` is; `list_price_fen` is the merchant's ordinary price where it differs,
    `price_ref` the price window, group or presale that set it. `seven_day_exclusion` says why the goods need not be taken back
    without a reason (custom, perishable, digital, press); None where they must. `windows` are all that count now, in rooms too.
    """

    sku_id: SkuId
    product_id: ProductId
    shop_id: ShopId
    title: str
    sku_name: str
    picture_url: str | None
    quantity: int
    unit_price_fen: int
    freight_fen: int
    commission_bps: int
    limit_per_buyer: int | None
    stock_left: int
    approved: bool
    category_key: str = ""
    price_kind: PriceKind = "list"
    list_price_fen: int | None = None
    price_ref: UUID | None = None
    seven_day_exclusion: str | None = None
    windows: tuple[OpenWindow, ...] = ()


@dataclass(frozen=True)
class ProductCard:
    """A product in a list. `service_tags` are keys; `stock_left` is what can still be bought over all SKUs."""

    id: ProductId
    shop_id: ShopId
    shop_name: str
    title: str
    picture_url: str | None
    price_fen_min: int
    price_fen_max: int
    service_tags: tuple[ServiceTag, ...]
    sold_count: int
    stock_left: int
    stock_state: StockState
    commission_bps: int
    approved: bool


@dataclass(frozen=True)
class CardPage:
    """A page of cards; `next_cursor` is None at the end."""

    items: list[ProductCard]
    next_cursor: str | None


@dataclass(frozen=True)
class SkuView:
    """`stock_left` = pieces that are neither sold nor held by an unpaid order.

    At the price of a window: `price_until` is its end, `struck_fen` what may stand struck beside it, `price_pieces_left` what is
    left of its own pieces.
    """

    id: SkuId
    product_id: ProductId
    name: str
    price_fen: int
    stock_left: int
    limit_per_buyer: int | None
    struck_fen: int | None = None
    price_until: datetime | None = None
    price_pieces_left: int | None = None


@dataclass(frozen=True)
class PictureView:
    """Width and height in pixels, of the large one (longest side ≤ 1600)."""

    id: PictureId
    url: str
    thumbnail_url: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class StockChanged(Event):
    """What can be bought of a SKU changed to `available` pieces."""

    subject: ClassVar[str] = "goods.stock.changed"
    sku_id: UUID
    product_id: UUID
    available: int

    @property
    def aggregate_id(self) -> str:
        return str(self.sku_id)


@dataclass(frozen=True, kw_only=True)
class ProductChanged(Event):
    """Something buyers see of a product changed: price, words, pictures, or whether it may be sold (`approved`)."""

    subject: ClassVar[str] = "goods.product.changed"
    product_id: UUID
    shop_id: UUID
    approved: bool

    @property
    def aggregate_id(self) -> str:
        return str(self.product_id)


@refusal
class PiecesNotSold(Conflict):
    """More pieces than the order bought would come back."""

    code = "goods.pieces_not_sold"
    order_id: str
    sku_id: SkuId
    quantity: int


@refusal
class OutOfStock(Conflict):
    code = "goods.out_of_stock"
    sku_id: SkuId
    left: int


@refusal
class PriceChanged(Conflict):
    code = "goods.price_changed"
    sku_id: SkuId
    was_fen: int
    now_fen: int


@refusal
class NotOnSale(Conflict):
    code = "goods.not_on_sale"
    product_id: ProductId


@refusal
class LimitReached(Conflict):
    """A buyer may have at most `limit` pieces of this SKU; `had` are bought or held already."""

    code = "goods.limit_reached"
    sku_id: SkuId
    limit: int
    had: int


@refusal
class SkuMissing(NotFound):
    code = "goods.sku_missing"
    id: str


@refusal
class ProductMissing(NotFound):
    code = "goods.product_missing"
    id: str


@refusal
class QuantityInvalid(Invalid):
    code = "goods.quantity_invalid"
    sku_id: SkuId
    quantity: int
    quantity_max: int


@refusal
class CategoryUnknown(Invalid):
    code = "goods.category_unknown"
    category_key: str


@refusal
class PictureMissing(Invalid):
    """A picture id that does not exist or was uploaded by somebody else."""

    code = "goods.picture_missing"
    id: str


@refusal
class ProductIncomplete(Refused):
    """Cannot be submitted for review; `missing` lists the members: pictures, skus …"""

    code = "goods.product_incomplete"
    missing: list[str]


@refusal
class StepNotAllowed(Conflict):
    """The review state machine has no such step."""

    code = "goods.step_not_allowed"
    state: ProductState
    step: str


@refusal
class ReasonMissing(Invalid):
    code = "goods.reason_missing"


@refusal
class SkuForeign(Invalid):
    """A SKU id that is not of this product."""

    code = "goods.sku_foreign"
    sku_id: str


@refusal
class SkuCodeTaken(Conflict):
    code = "goods.sku_code_taken"
    sku_code: str


@refusal
class SkuNameRepeated(Invalid):
    code = "goods.sku_name_repeated"
    name: str


@refusal
class ProductsFull(Refused):
    code = "goods.products_full"
    products_max: int


@refusal
class StockTooLow(Conflict):
    """The adjustment would leave less than nothing, or less than what unpaid orders hold."""

    code = "goods.stock_too_low"
    stock: int
    held: int
    delta: int


@refusal
class StockTooHigh(Invalid):
    code = "goods.stock_too_high"
    stock_max: int


@refusal
class HoldExists(Conflict):
    """This order already holds stock with other lines."""

    code = "goods.hold_exists"
    order_id: str


@refusal
class PictureUnreadable(Invalid):
    """Not a JPEG, PNG or WebP by content, or damaged."""

    code = "goods.picture_unreadable"


@refusal
class PictureTooLarge(Invalid):
    """More pixels than allowed, in megapixels; refused before decoding (decompression bombs)."""

    code = "goods.picture_too_large"
    megapixels_max: int


@refusal
class PictureTooSmall(Invalid):
    code = "goods.picture_too_small"
    side_pixels_min: int


@refusal
class PicturesBusy(TooMany):
    """So many pictures are being prepared that one more would have to wait too long."""

    code = "goods.pictures_busy"
    retry_after_seconds: int


@refusal
class FileTooLarge(Refused):
    code = "goods.file_too_large"
    status = 413
    bytes_max: int


@refusal
class ImportEncoding(Invalid):
    """Neither UTF-8 nor GB 18030."""

    code = "goods.import_encoding"


@refusal
class ImportColumnsMissing(Invalid):
    code = "goods.import_columns_missing"
    columns: list[str]


@refusal
class ImportColumnUnknown(Invalid):
    code = "goods.import_column_unknown"
    column: str


@refusal
class ImportTooLong(Invalid):
    code = "goods.import_too_long"
    rows_max: int


@refusal
class ImportEmpty(Invalid):
    code = "goods.import_empty"


@refusal
class ImportNotCsv(Invalid):
    """The file could not be read as CSV; `line` is where."""

    code = "goods.import_not_csv"
    line: int
