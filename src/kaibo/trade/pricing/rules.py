"""What a checkout costs: quoted lines and offers in, orders with their amounts and explanation out. Pure.

Every reduction is divided first over shops, then over lines, in proportion to what is left to pay, by largest remainder
(kernel.money.split). So the sums are exact, no line goes below zero, and every order keeps ORDER_FEN_MIN to pay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kaibo.goods.contracts import QuotedLine
from kaibo.kernel.money import bps_of, split
from kaibo.people.contracts import ShopId
from kaibo.trade.pricing.model import (
    NO_FACTS,
    NO_OFFERS,
    Kind,
    NotUsed,
    Offers,
    Points,
    Priced,
    PricedLine,
    PricedOrder,
    Step,
    Subsidy,
    SubsidyUsed,
    Used,
    Voucher,
    WhyNot,
)
from kaibo.trade.pricing.stacking import ORDER_FEN_MIN, STAGE, Stage

LABEL: dict[Kind, str] = {
    kind: f"trade.pricing.{kind}"
    for kind in (
        "list", "window", "group", "presale", "shop_coupon", "platform_coupon", "state_subsidy", "points", "freight",
        "free_freight", "freight_coupon",
    )
}  # fmt: skip


def price_checkout(lines: Sequence[QuotedLine], offers: Offers = NO_OFFERS) -> Priced:
    """The checkout with every one of `offers` that applies; what does not apply is in `not_used` and in the explanation.

    `lines` must not be empty. The result does not depend on the order of `offers.vouchers`.
    """
    if len(lines) == 1 and offers is NO_OFFERS:
        return _one_plain_line(lines[0])
    sheet = _Sheet(lines)
    freight_vouchers = [v for v in offers.vouchers if v.benefit == "freight"]
    for kind in ("shop_coupon", "platform_coupon"):
        stage = STAGE[kind]
        of_stage = [v for v in offers.vouchers if v.benefit != "freight" and v.funder == stage.funder]
        if of_stage:
            _coupons(sheet, stage, of_stage)
    for subsidy in offers.subsidies:
        _subsidise(sheet, subsidy)
    if offers.points is not None:
        _spend_points(sheet, offers.points)
    _freight(sheet, offers, freight_vouchers)
    return sheet.result()


def _one_plain_line(line: QuotedLine) -> Priced:
    """The hot path: one line, no promotion. The same result as the pipeline's, which a property test compares."""
    line_fen, freight_fen = line.unit_price_fen * line.quantity, line.freight_fen
    steps = (*_price_steps((line,)), Step("freight", LABEL["freight"], freight_fen, (freight_fen,), line_fen))
    total_fen = line_fen + freight_fen
    priced = PricedLine(line, line_fen, 0, 0, line_fen, freight_fen)
    return Priced((PricedOrder(line.shop_id, (priced,), line_fen, 0, 0, freight_fen, total_fen, steps),), total_fen)


def _price_steps(lines: Sequence[QuotedLine]) -> list[Step]:
    """List prices, then what a window, group or presale takes off them."""
    plain = [
        (line.unit_price_fen if line.list_price_fen is None else line.list_price_fen) * line.quantity for line in lines
    ]
    steps = [Step("list", LABEL["list"], sum(plain), tuple(plain))]
    for place, line in enumerate(lines):
        if line.price_kind != "list":
            off = [0] * len(lines)
            off[place] = plain[place] - line.unit_price_fen * line.quantity
            kind = line.price_kind
            steps.append(Step(kind, LABEL[kind], off[place], tuple(off), plain[place], line.price_ref))
    return steps


class _Sheet:
    """The working sheet: amounts by place of the line in the checkout."""

    def __init__(self, lines: Sequence[QuotedLine]) -> None:
        self.lines = lines
        self.shops: dict[ShopId, list[int]] = {}
        for place, line in enumerate(lines):
            self.shops.setdefault(line.shop_id, []).append(place)
        self.price = [line.unit_price_fen * line.quantity for line in lines]
        self.left = list(self.price)
        self.off = {"merchant": [0] * len(lines), "platform": [0] * len(lines)}
        self.freight: dict[ShopId, int] = {}
        self.steps: dict[ShopId, list[Step]] = {
            shop: _price_steps([lines[place] for place in places]) for shop, places in self.shops.items()
        }
        self.used: list[Used] = []
        self.not_used: list[NotUsed] = []
        self.subsidies: list[SubsidyUsed] = []
        self.points_fen = 0

    def weights(self, places: Sequence[int]) -> list[int]:
        """How freight is shared: by price, evenly where everything is free."""
        found = [self.price[place] for place in places]
        return found if any(found) else [1] * len(found)

    def takeable(self, places: Sequence[int]) -> dict[ShopId, int]:
        """What may still be taken off these lines, by shop: never an order's last ORDER_FEN_MIN."""
        found: dict[ShopId, int] = {}
        for place in places:
            shop = self.lines[place].shop_id
            found[shop] = found.get(shop, 0) + self.left[place]
        for shop, fen in found.items():
            whole = sum(self.left[place] for place in self.shops[shop])
            found[shop] = max(0, min(fen, whole - ORDER_FEN_MIN))
        return found

    def take(self, stage: Stage, fen: int, places: Sequence[int]) -> list[int]:
        """Take up to `fen` off these lines; the amounts taken, by place in the checkout."""
        taken = [0] * len(self.lines)
        may = self.takeable(places)
        fen = min(fen, sum(may.values()))
        if fen <= 0:
            return taken
        shops = list(may)
        wishes = {shop: sum(self.left[p] for p in places if self.lines[p].shop_id == shop) for shop in shops}
        parts = split(fen, [wishes[shop] for shop in shops])
        if any(part > may[shop] for part, shop in zip(parts, shops, strict=True)):
            parts = split(fen, [may[shop] for shop in shops])
        for shop, part in zip(shops, parts, strict=True):
            its = [place for place in places if self.lines[place].shop_id == shop]
            if part:
                for place, amount in zip(its, split(part, [self.left[place] for place in its]), strict=True):
                    taken[place] = amount
        for place, amount in enumerate(taken):
            self.left[place] -= amount
            self.off[stage.funder][place] += amount
        return taken

    def explain(self, kind: Kind, taken: Sequence[int], bases: Sequence[int], ref: UUID, title: str) -> None:
        """One step in every order that the reduction touched."""
        for shop, places in self.shops.items():
            if amounts := tuple(taken[place] for place in places):
                fen, base_fen = sum(amounts), sum(bases[place] for place in places)
                if fen:
                    self.steps[shop].append(Step(kind, LABEL[kind], fen, amounts, base_fen, ref, title))

    def refuse(self, kind: Kind, voucher: Voucher, why: WhyNot, **facts: Any) -> None:
        """Say why a coupon does nothing: in its shop's order, a platform's in the first."""
        self.not_used.append(NotUsed(voucher, why, facts or NO_FACTS))
        shop = voucher.shop_id if voucher.shop_id in self.shops else next(iter(self.shops))
        assert shop is not None
        zeros = (0,) * len(self.shops[shop])
        step = Step(kind, LABEL[kind], 0, zeros, facts.get("base_fen", 0), voucher.id, voucher.title, why, facts)
        self.steps[shop].append(step)

    def result(self) -> Priced:
        orders = tuple(self._order(shop, places) for shop, places in self.shops.items())
        total_fen = sum(order.total_fen for order in orders)
        used, not_used = tuple(self.used), tuple(self.not_used)
        return Priced(orders, total_fen, used, not_used, tuple(self.subsidies), self.points_fen)

    def _order(self, shop: ShopId, places: list[int]) -> PricedOrder:
        freight_fen = self.freight[shop]
        shares = split(freight_fen, self.weights(places))
        lines = tuple(
            PricedLine(
                self.lines[place],
                self.price[place],
                self.off["merchant"][place],
                self.off["platform"][place],
                self.left[place],
                share,
            )
            for place, share in zip(places, shares, strict=True)
        )
        return PricedOrder(
            shop,
            lines,
            sum(line.line_fen for line in lines),
            sum(line.discount_fen for line in lines),
            sum(line.platform_discount_fen for line in lines),
            freight_fen,
            sum(line.paid_fen for line in lines) + freight_fen,
            tuple(self.steps[shop]),
        )


def fits(voucher: Voucher, line: QuotedLine) -> bool:
    """Whether the coupon was issued for this line, whatever its price."""
    if voucher.shop_id is not None and line.shop_id != voucher.shop_id:
        return False
    if voucher.scope == "all":
        return True
    named = {"products": line.product_id, "categories": line.category_key, "shops": line.shop_id}[voucher.scope]
    return str(named) in voucher.scope_ids


def worth(voucher: Voucher, base_fen: int) -> int:
    """What the coupon takes off an amount that reaches its threshold."""
    if voucher.benefit == "percent":
        fen = bps_of(base_fen, voucher.percent_bps)
    elif voucher.each_full and voucher.threshold_fen > 0:
        fen = voucher.off_fen * (base_fen // voucher.threshold_fen)
    else:
        fen = voucher.off_fen
    return fen if voucher.cap_fen is None else min(fen, voucher.cap_fen)


def _places(sheet: _Sheet, stage: Stage, voucher: Voucher) -> list[int] | WhyNot:
    fitting = [place for place, line in enumerate(sheet.lines) if fits(voucher, line)]
    if not fitting:
        return "no_line_fits"
    return [place for place in fitting if sheet.lines[place].price_kind in stage.prices] or "price_excluded"


def _coupons(sheet: _Sheet, stage: Stage, vouchers: Sequence[Voucher]) -> None:
    """All coupons of a stage on the amounts with which the stage began."""
    bases = list(sheet.left)
    able: list[tuple[int, Voucher, list[int]]] = []
    for voucher in sorted(vouchers, key=lambda v: v.id):
        places = _places(sheet, stage, voucher)
        if isinstance(places, str):
            sheet.refuse(stage.kind, voucher, places)
            continue
        base_fen = sum(bases[place] for place in places)
        if base_fen < voucher.threshold_fen:
            lack = voucher.threshold_fen - base_fen
            sheet.refuse(stage.kind, voucher, "below_threshold", base_fen=base_fen, lack_fen=lack)
            continue
        able.append((worth(voucher, base_fen), voucher, places))
    # Whatever order they came in, the largest is taken first.
    groups: set[str] = set()
    for fen, voucher, places in sorted(able, key=lambda one: (-one[0], one[1].id)):
        if (key := voucher.group_key) in groups:
            sheet.refuse(stage.kind, voucher, "same_group")
            continue
        taken = sheet.take(stage, fen, places)
        if not any(taken):
            sheet.refuse(stage.kind, voucher, "nothing_left")
            continue
        groups.add(key)
        of_base = [base if place in places else 0 for place, base in enumerate(bases)]
        sheet.explain(stage.kind, taken, of_base, voucher.id, voucher.title)
        sheet.used.append(Used(voucher.id, voucher.coupon_id, sum(taken), voucher.group_key))


def _subsidise(sheet: _Sheet, subsidy: Subsidy) -> None:
    """One piece of the line on which the subsidy is worth most."""
    stage = STAGE["state_subsidy"]
    best, place = 0, -1
    for candidate, line in enumerate(sheet.lines):
        if line.category_key in subsidy.category_keys and line.price_kind in stage.prices:
            fen = min(subsidy.cap_fen, bps_of(sheet.left[candidate] // line.quantity, subsidy.bps))
            if fen > best:
                best, place = fen, candidate
    if place < 0:
        return
    line, base_fen = sheet.lines[place], sheet.left[place] // sheet.lines[place].quantity
    taken = sheet.take(stage, best, [place])
    if fen := taken[place]:
        bases = [base_fen if at == place else 0 for at in range(len(taken))]
        sheet.explain("state_subsidy", taken, bases, subsidy.id, subsidy.title)
        sheet.subsidies.append(SubsidyUsed(subsidy.id, line.category_key, line.shop_id, fen))


def _spend_points(sheet: _Sheet, points: Points) -> None:
    stage = STAGE["points"]
    places = [place for place, line in enumerate(sheet.lines) if line.price_kind in stage.prices]
    bases = [sheet.left[place] if place in places else 0 for place in range(len(sheet.lines))]
    most = bps_of(sum(bases), points.cap_bps)
    taken = sheet.take(stage, min(points.spend_fen, most), places)
    sheet.points_fen = sum(taken)
    for shop, its in sheet.shops.items():
        amounts = tuple(taken[place] for place in its)
        if fen := sum(amounts):
            base_fen = sum(bases[place] for place in its)
            sheet.steps[shop].append(Step("points", LABEL["points"], fen, amounts, base_fen))


def _freight(sheet: _Sheet, offers: Offers, vouchers: Sequence[Voucher]) -> None:
    """An order is one parcel: the dearest freight among its products, once; then free-freight thresholds and coupons.

    Their thresholds look at what is left of the goods after the merchant's own discounts.
    """
    for shop, places in sheet.shops.items():
        charged = max(sheet.lines[place].freight_fen for place in places)
        amounts = [sheet.price[place] - sheet.off["merchant"][place] for place in places]
        shares = tuple(split(charged, sheet.weights(places)))
        sheet.steps[shop].append(
            Step("freight", LABEL["freight"], charged, shares, sum(sheet.price[p] for p in places))
        )
        sheet.freight[shop] = charged
        if (free_from := offers.free_freight_from_fen.get(shop)) is not None and sum(amounts) >= free_from and charged:
            sheet.steps[shop].append(Step("free_freight", LABEL["free_freight"], charged, shares, sum(amounts)))
            sheet.freight[shop] = 0
    taken: set[ShopId] = set()
    for voucher in sorted(vouchers, key=lambda v: (-v.off_fen, v.id)):
        _freight_coupon(sheet, voucher, taken)


def _freight_coupon(sheet: _Sheet, voucher: Voucher, taken: set[ShopId]) -> None:
    shop = voucher.shop_id
    places = _places(sheet, STAGE["freight_coupon"], voucher)
    if isinstance(places, str):
        sheet.refuse("freight_coupon", voucher, places)
        return
    assert shop is not None  # only merchants give freight coupons, see coupons/rules.py
    base_fen = sum(sheet.price[place] - sheet.off["merchant"][place] for place in places)
    if base_fen < voucher.threshold_fen:
        lack = voucher.threshold_fen - base_fen
        sheet.refuse("freight_coupon", voucher, "below_threshold", base_fen=base_fen, lack_fen=lack)
    elif shop in taken:
        sheet.refuse("freight_coupon", voucher, "same_group")
    elif (fen := min(voucher.off_fen, sheet.freight[shop])) == 0:
        sheet.refuse("freight_coupon", voucher, "no_freight")
    else:
        taken.add(shop)
        its = sheet.shops[shop]
        shares = tuple(split(fen, sheet.weights(its)))
        sheet.freight[shop] -= fen
        sheet.steps[shop].append(
            Step("freight_coupon", LABEL["freight_coupon"], fen, shares, base_fen, voucher.id, voucher.title)
        )
        sheet.used.append(Used(voucher.id, voucher.coupon_id, fen, voucher.group_key))


def refund_of(paid_fen: int, quantity: int, *, refunded_fen: int, refunded_quantity: int, take: int) -> int:
    """What `take` more pieces of a line give back, of `paid_fen` paid for `quantity` pieces.

    Divided over what *remains*, so that returning the pieces one by one, in any order, gives back exactly what was paid.
    Raises ValueError where more is taken back than was bought.
    """
    remaining = quantity - refunded_quantity
    if not 0 < take <= remaining:
        raise ValueError(f"{take} of {remaining} remaining pieces cannot be returned")
    return split(paid_fen - refunded_fen, [take, remaining - take])[0]
