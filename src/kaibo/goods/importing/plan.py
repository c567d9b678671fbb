"""Decide what the rows of an import file do to a shop's products. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from kaibo.goods.catalog import rules
from kaibo.goods.catalog.model import Product, ProductDraft, Sku, SkuDraft
from kaibo.goods.importing.read import Fault, Row
from kaibo.kernel.ids import new_id

_OF_PRODUCT = (
    "title",
    "category_key",
    "description",
    "origin",
    "selling_points",
    "attributes",
    "service_tags",
    "freight_fen",
    "commission_bps",
)


@dataclass
class Group:
    """The rows of one product: `product` where it exists, else `new_id` is its id to be."""

    product: Product | None
    new_id: UUID
    cells: dict[str, Any] = field(default_factory=dict)
    said_at: dict[str, int] = field(default_factory=dict)
    changed: list[tuple[Sku, Row]] = field(default_factory=list)
    added: list[Row] = field(default_factory=list)

    def names(self) -> set[str]:
        """Names of SKUs as they will be."""
        moved = {sku.id: row.cells["sku_name"] for sku, row in self.changed}
        kept = [moved.get(sku.id, sku.name) for sku in self.product.skus] if self.product else []
        return {*kept, *(row.cells["sku_name"] for row in self.added)}

    def draft(self) -> ProductDraft:
        """What the file says of the product; of an existing one only what is new."""
        c = self.cells
        said = ProductDraft(
            title=c.get("title"),
            category_key=c.get("category"),
            description=c.get("description"),
            origin=c.get("origin"),
            selling_points=c.get("points"),
            attributes=c.get("attributes"),
            service_tags=c.get("tags"),
            freight_fen=c.get("freight"),
            commission_bps=c.get("commission"),
        )
        if self.product is None:
            return said
        known = [name for name in _OF_PRODUCT if getattr(said, name) == getattr(self.product, name)]
        return replace(said, **dict.fromkeys(known))


@dataclass(frozen=True)
class Plan:
    groups: list[Group]
    faults: list[Fault]


def sku_draft(row: Row, before: Sku | None = None) -> SkuDraft:
    """What a row makes of a SKU; a blank limit leaves an existing one."""
    c = row.cells
    return SkuDraft(
        name=c["sku_name"],
        price_fen=c["price"],
        code=None if before and before.code is None else c["code"],
        stock=c["stock"],
        limit_per_buyer=c.get("limit", before.limit_per_buyer if before else None),
    )


def plan(
    rows: list[Row], by_code: Mapping[str, tuple[Product, Sku]], by_title: Mapping[str, Product], room: int
) -> Plan:
    """A row whose code exists changes that SKU; another joins the product of its title, or begins a new one.

    `by_code` are the shop's living SKUs, `by_title` its products; `room` is how many more products the shop may have.
    """
    groups: dict[UUID, Group] = {}
    titles: dict[str, UUID] = {}
    codes: dict[str, int] = {}
    faults: list[Fault] = []
    for row in rows:
        code, title = row.cells["code"], row.cells["title"]
        if code in codes:
            faults.append(
                Fault(row.line, "code", "goods.import.code_twice", {"value": code, "first_line": codes[code]})
            )
            continue
        codes[code] = row.line
        known = by_code.get(code)
        product = known[0] if known else by_title.get(title)
        if product is None and title not in titles:
            fault = _cannot_begin(row, len(titles), room)
            if fault:
                faults.append(fault)
                continue
            titles[title] = new_id()
        group_id: UUID = product.id if product else titles[title]
        group = groups.setdefault(group_id, Group(product, group_id))
        fault = _clash(group, row, known[1] if known else None)
        if fault:
            faults.append(fault)
            continue
        for key, value in row.of_product().items():
            group.cells.setdefault(key, value)
            group.said_at.setdefault(key, row.line)
        if known:
            group.changed.append((known[1], row))
        else:
            group.added.append(row)
    return Plan([g for g in groups.values() if g.changed or g.added], faults)


def _cannot_begin(row: Row, begun: int, room: int) -> Fault | None:
    if "category" not in row.cells:
        return Fault(row.line, "category", "goods.import.required", {})
    if begun >= room:
        return Fault(row.line, None, "goods.products_full", {"products_max": rules.PRODUCTS_PER_SHOP_MAX})
    return None


def _clash(group: Group, row: Row, sku: Sku | None) -> Fault | None:
    """Why this row cannot stand beside what the file and the shop already say of the product."""
    for key, value in row.of_product().items():
        if key in group.cells and group.cells[key] != value:
            return Fault(row.line, key, "goods.import.differs", {"first_line": group.said_at[key]})
    name = row.cells["sku_name"]
    taken = group.names() - ({sku.name} if sku else set())
    if name in taken:
        return Fault(row.line, "sku_name", "goods.import.name_twice", {"value": name})
    if sku is None and len(group.names()) >= rules.SKUS_MAX:
        return Fault(row.line, None, "goods.import.too_many", {"count": rules.SKUS_MAX + 1, "most": rules.SKUS_MAX})
    if sku is not None and row.cells["stock"] < sku.held:
        return Fault(
            row.line, "stock", "goods.import.stock_below_held", {"value": row.cells["stock"], "held": sku.held}
        )
    return None
