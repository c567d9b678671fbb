"""What there is when a run begins: shops with goods and promises, buyers with addresses, coupons, money in the fund."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text, update

from kaibo.goods.affiliate.set_rates import Recruited, open_plan, set_rate
from kaibo.goods.catalog.create import create_product
from kaibo.goods.catalog.model import ProductDraft, SkuDraft
from kaibo.goods.catalog.tables import products
from kaibo.goods.contracts.affiliate import CampaignId
from kaibo.goods.pictures.tables import pictures
from kaibo.kernel import clock
from kaibo.kernel.db import Database, Db
from kaibo.kernel.ids import new_id
from kaibo.people.accounts.sign_in import _person_with
from kaibo.people.addresses.keep import AddressChange, add_address
from kaibo.people.agencies.agree import answer, propose
from kaibo.people.agencies.apply import Application as AgencyApplication
from kaibo.people.agencies.apply import apply_as_agency, decide_agency
from kaibo.people.contracts import PersonId, ShopId
from kaibo.people.contracts.buyers import BuyerView
from kaibo.people.merchants.apply import Application, apply_as_merchant
from kaibo.people.merchants.decide import decide_merchant
from kaibo.people.merchants.rules import licence_check_character
from kaibo.people.realname.tables import realnames
from kaibo.trade.aftersales.model import ReturnAddress
from kaibo.trade.aftersales.shop_terms import ShopTerms, promise_terms
from kaibo.trade.contracts import Source, SourceFacts
from kaibo.trade.funds.bank_account import set_bank_account
from kaibo.trade.funds.deposit import note_transfer, pay_into_fund
from kaibo.trade.funds.model import Owner, OwnerKind
from kaibo.trade.orders.sources import register_source_resolver
from kaibo.trade.points.model import PointTerms
from kaibo.trade.points.record import cause, entry, lock_accounts
from kaibo.trade.points.tables import point_entries, point_lots
from kaibo.trade.points.terms import set_terms
from kaibo.trade.pricing.coupons.issue import issue_coupon
from kaibo.trade.pricing.coupons.model import Terms

SOURCE = "simulated"
CREATOR_PHONE = "13900000001"
PICTURES = 3
"""Of each buyer and each merchant: what they can show when they quarrel."""
SHOPS, BUYERS = 3, 12
PIECES = 25
"""Of each SKU in the beginning: few enough to be fought for."""


@dataclass(frozen=True)
class Shelf:
    sku_id: UUID
    product_id: UUID
    shop_id: UUID
    price_fen: int


@dataclass(frozen=True)
class Buyer:
    view: BuyerView
    address_id: UUID

    @property
    def id(self) -> UUID:
        return self.view.id


@dataclass(frozen=True)
class Agency:
    id: UUID
    boss_id: UUID


@dataclass(frozen=True)
class World:
    shops: tuple[ShopId, ...]
    owners: dict[UUID, UUID]
    shelf: tuple[Shelf, ...]
    buyers: tuple[Buyer, ...]
    coupons: tuple[UUID, ...]
    creator_id: PersonId
    operator_id: UUID
    agency: Agency
    leader_id: PersonId
    plans: dict[UUID, UUID]
    """Of each shop the plan that the leader brought."""
    pictures: dict[UUID, tuple[UUID, ...]]

    @property
    def source(self) -> Source:
        """An order that the creator earns on."""
        return Source(SOURCE, self.creator_id)


async def make_world(database: Database) -> World:
    async with database.transaction() as db:
        operator = await _person_with(db, "13900000000", "zh")
        creator = PersonId(await _person_with(db, CREATOR_PHONE, "zh"))
        leader = PersonId(await _person_with(db, "13900000002", "zh"))
        owners, shelf = {}, []
        for at in range(SHOPS):
            shop, owner = await _open_shop(db, at, operator)
            owners[shop] = owner
            for number in range(2):
                shelf += await _stock_up(db, shop, owner, at * 2 + number)
        shops = tuple(ShopId(one) for one in owners)
        coupons = [await _coupon(db, operator, shop) for shop in (*shops, None)]
        agency = await _agency(db, operator, creator)
        plans = {shop: await _plan(db, ShopId(shop), owners[shop], leader, shelf) for shop in shops}
        earners: tuple[tuple[OwnerKind, UUID, UUID], ...] = (
            ("creator", creator, creator),
            ("leader", leader, leader),
            ("agency", agency.id, agency.boss_id),
        )
        for kind, whose, by in earners:
            bank = {"holder": "达人", "bank": "工商银行", "number": "6222021234567890"}
            await set_bank_account(db, Owner(kind, whose), **bank, by=by)
        await pay_into_fund(db, fen=5_000_000, reference="first", by=operator)
        buyers = tuple([await _buyer(db, at) for at in range(BUYERS)])
        await set_terms(
            db, PointTerms(on=True, earn_fen_per_point=3, spend_points_per_fen=2, cap_bps=5_000), by=operator
        )
        for buyer in buyers:
            await _points(db, buyer.id)
        pictures = {who: await _pictures(db, who) for who in (*owners.values(), *(one.id for one in buyers))}
    register_source_resolver(SOURCE, _resolver(creator))
    return World(
        shops, owners, tuple(shelf), buyers, tuple(coupons), creator, operator, agency, leader, plans, pictures
    )


def _resolver(creator: PersonId):  # type: ignore[no-untyped-def]
    async def facts(_db: Db, _source: Source) -> SourceFacts:
        return SourceFacts(creator, "直播间", True)

    return facts


async def _open_shop(db: Db, at: int, operator: UUID) -> tuple[UUID, UUID]:
    owner = await _person_with(db, f"1380000{at:04d}", "zh")
    stem = f"91130607{at:09d}"
    wanted = Application(
        f"第{at}纸业有限公司", stem + licence_check_character(stem), None, "周大山", f"1380000{at:04d}",
        f"第{at}纸品店", "河北省", "保定市", "纸城路 1 号", (),
    )  # fmt: skip
    merchant = await apply_as_merchant(db, owner, wanted)
    await decide_merchant(db, operator, merchant.id, approve=True, reason="资料齐全")
    shop = await db.scalar(text("SELECT id FROM people.shops WHERE merchant_id = :m"), {"m": merchant.id})
    assert isinstance(shop, UUID)
    back = ReturnAddress("周", "13800000000", "河北省", "保定市", "满城区", "纸城路 1 号")
    premium, limit = (60, 1_500) if at == 0 else (0, 0)
    await promise_terms(db, ShopTerms(ShopId(shop), back, premium, limit, 15), by=owner)
    bank = {"holder": "周大山", "bank": "工商银行", "number": f"62220212345678{at:02d}"}
    await set_bank_account(db, Owner("shop", shop), **bank, by=owner)
    await note_transfer(db, shop, fen=20_000, reference=f"deposit {at}", by=operator)
    return shop, owner


async def _agency(db: Db, operator: UUID, creator: PersonId) -> Agency:
    """An agency that has a third of what the creator earns, in the beginning."""
    boss = await _person_with(db, "13900000003", "zh")
    stem = "91110105000000001"
    applied = AgencyApplication("红番茄", "红番茄文化有限公司", stem + licence_check_character(stem), "13900000003")
    made = await apply_as_agency(db, boss, applied)
    await decide_agency(db, operator, made.id, approve=True, reason="")
    known = {"name_sealed": b"-", "number_sealed": b"-", "number_hmac": b"-", "birth": date(1990, 1, 1)}
    await db.execute(
        realnames.insert().values(id=new_id(), person_id=creator, state="verified", decided_at=clock.now(), **known)
    )
    offered = await propose(db, made.id, CREATOR_PHONE, share_bps=3_333, notice_days=0, by=boss)
    await answer(db, creator, offered.id, accept=True)
    return Agency(made.id, boss)


async def _plan(db: Db, shop: ShopId, owner: UUID, leader: PersonId, shelf: Iterable[Shelf]) -> UUID:
    recruited = Recruited(CampaignId(new_id()), leader, 250)
    made = await open_plan(db, shop, "open", "团长招商", by=owner, recruited=recruited)
    product = next(one.product_id for one in shelf if one.shop_id == shop)
    await set_rate(db, shop, made.id, [product], 1_200, by=owner)
    return made.id


async def _pictures(db: Db, owner: UUID) -> tuple[UUID, ...]:
    """As if they had been uploaded; what is in them is the subject of tests/goods."""
    made = [new_id() for _ in range(PICTURES)]
    for at, one in enumerate(made):
        size = {"url": f"/blobs/{one}", "thumbnail_url": f"/blobs/{one}", "width": 1, "height": 1}
        await db.execute(pictures.insert().values(id=one, owner_id=owner, source_sha256=bytes([at]), **size))
    return tuple(made)


async def _stock_up(db: Db, shop: UUID, owner: UUID, number: int) -> list[Shelf]:
    skus = tuple(
        SkuDraft(
            f"{10 + at} 包", 1_990 + 700 * number + 310 * at, stock=PIECES, limit_per_buyer=6 if number == 1 else None
        )
        for at in range(2)
    )
    draft = ProductDraft(
        title=f"抽纸 {number}", category_key="facial_tissue", description="湿水不破", origin="河北", selling_points=("软",),
        attributes=(), picture_ids=(), service_tags=("seven_day_return",), freight_fen=(0, 600, 800)[number % 3],
        commission_bps=(0, 1_500, 3_000)[number % 3], skus=skus,
    )  # fmt: skip
    made = await create_product(db, shop, owner, draft)
    await db.execute(update(products).where(products.c.id == made.id).values(state="approved"))
    return [Shelf(sku.id, made.id, shop, sku.price_fen) for sku in made.skus]


async def _points(db: Db, buyer_id: UUID) -> None:
    """Some points to begin with, in two lots; the first orders are settled late."""
    await lock_accounts(db, {buyer_id}, make=True)
    for days in (20, 200):
        why, lot_id = cause(buyer_id, "returned", None), new_id()
        lot = {"id": lot_id, "buyer_id": buyer_id, "kind": "returned", "points": 3_000, "left_points": 3_000}
        await db.execute(point_lots.insert().values(lot | {"at": why.at, "expires_at": why.at + timedelta(days=days)}))
        await db.execute(point_entries.insert().values(entry(why, lot_id, 3_000)))


async def _coupon(db: Db, operator: UUID, shop: UUID | None) -> UUID:
    now = clock.now()
    terms = Terms(
        title="满减", benefit="off", claim_from=now, claim_until=now + timedelta(days=3_000), pieces_max=100_000,
        off_fen=300 if shop else 500, threshold_fen=1_500, per_buyer_limit=1_000, use_days=365,
        budget_fen=20_000 if shop is None else None,
    )  # fmt: skip
    return (await issue_coupon(db, terms, shop_id=shop, actor_id=operator)).id


async def _buyer(db: Db, at: int) -> Buyer:
    person = await _person_with(db, f"1370000{at:04d}", "zh")
    where = AddressChange("李小明", f"1370000{at:04d}", "云南省", "大理白族自治州", "宾川县", "金牛镇 8 号", True)
    address = await add_address(db, person, where)
    return Buyer(BuyerView(PersonId(person), f"买家{at}", "zh"), address.id)
