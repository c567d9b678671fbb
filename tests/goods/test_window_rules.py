"""The rules of price windows: which price counts, what may stand struck, who gets the last pieces."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kaibo.goods.contracts import LimitReached, OutOfStock, ProductId, QuotedLine, SkuId, SkuView
from kaibo.goods.contracts.windows import OpenWindow, WindowId, WindowWish
from kaibo.goods.windows import rules
from kaibo.goods.windows.rules import Pool, Trades
from kaibo.people.contracts import ShopId

NOW = datetime(2026, 11, 11, tzinfo=UTC)
ROOM, SKU = uuid.uuid4(), SkuId(uuid.uuid4())


def window(price_fen: int, room_id: uuid.UUID | None = None, **facts: int) -> OpenWindow:
    return OpenWindow(WindowId(uuid.uuid4()), room_id, price_fen, None, NOW + timedelta(hours=1), **facts)


def line(*windows: OpenWindow, price_fen: int = 5_990) -> QuotedLine:
    made = QuotedLine(
        SKU, ProductId(uuid.uuid4()), ShopId(uuid.uuid4()), "抹布", "10 条", None, 1, price_fen, 0, 0, None, 100, True,
        windows=windows,
    )  # fmt: skip
    return rules.quoted_at(made, price_fen, None)


# 明码标价和禁止价格欺诈规定 art. 16, case by case
def test_with_trades_in_seven_days_the_lowest_of_them_is_the_most() -> None:
    assert rules.struck_fen_max(Trades(lowest_fen=4_990, stands=True, last_fen=None)) == 4_990


def test_without_a_trade_in_seven_days_the_last_trade_is_the_most() -> None:
    assert rules.struck_fen_max(Trades(last_fen=5_500)) == 5_500


def test_what_was_never_sold_has_no_struck_price() -> None:
    assert rules.struck_fen_max(Trades()) is None


def test_a_sale_that_was_taken_back_lowers_and_never_justifies() -> None:
    assert rules.struck_fen_max(Trades(lowest_fen=9_900, stands=False)) is None
    assert rules.struck_fen_max(Trades(lowest_fen=9_900, stands=False, last_fen=5_000)) == 5_000
    assert rules.struck_fen_max(Trades(lowest_fen=4_000, stands=False, last_fen=5_000)) == 4_000


def test_the_cheapest_price_that_counts_here_is_the_price() -> None:
    shelf, room, other = window(4_990), window(4_500, ROOM), window(3_000, uuid.uuid4())
    quoted = line(shelf, room, other)
    assert (quoted.unit_price_fen, quoted.price_kind, quoted.list_price_fen, quoted.price_ref) == (
        4_990, "window", 5_990, shelf.id,
    )  # fmt: skip
    here = rules.in_room(quoted, ROOM)
    assert (here.unit_price_fen, here.list_price_fen, here.price_ref) == (4_500, 5_990, room.id)
    assert rules.in_room(quoted, None) == quoted
    dear = line(shelf, window(5_500, ROOM))
    assert rules.in_room(dear, ROOM).unit_price_fen == 4_990


def test_of_equal_prices_the_rooms_counts_and_nothing_above_the_list_price() -> None:
    shelf, room = window(4_990), window(4_990, ROOM)
    assert rules.best([shelf, room], 5_990, ROOM) == room
    assert rules.best([shelf], 4_990, ROOM) is None
    assert line(shelf, price_fen=4_000).price_kind == "list"


def test_a_pool_is_what_can_be_bought_at_its_price() -> None:
    assert line(window(4_990, left=3)).stock_left == 3
    assert line(window(4_990, left=300)).stock_left == 100
    sku = SkuView(SKU, ProductId(uuid.uuid4()), "10 条", 5_990, 100, 5)
    struck = replace(window(4_990, left=3, per_buyer_max=2), struck_fen=5_500)
    shown = rules.view_at(sku, [struck], None)
    assert (shown.price_fen, shown.struck_fen, shown.stock_left, shown.limit_per_buyer, shown.price_pieces_left) == (
        4_990, 5_500, 3, 2, 3,
    )  # fmt: skip
    assert rules.view_at(sku, [], None) == sku


def test_periods_and_prices_are_refused_by_name() -> None:
    day = timedelta(days=1)
    assert rules.period_faults(NOW, NOW + day, NOW) == []
    assert rules.period_faults(NOW + day, NOW + 91 * day, NOW) == []
    assert rules.period_faults(NOW, NOW, NOW) == ["ends_before_start", "in_the_past"]
    assert rules.period_faults(NOW + day, NOW + 91 * day + timedelta(seconds=1), NOW) == ["too_long"]
    assert rules.period_faults(NOW + 181 * day, NOW + 182 * day, NOW) == ["too_far_ahead"]
    assert rules.period_faults(NOW + 180 * day, NOW + 181 * day, NOW) == []
    assert rules.price_faults(4_990, 4_990, None) == ["not_below_list"]
    assert rules.price_faults(4_990, 5_990, 4_990) == ["struck_not_above"]
    assert rules.price_faults(4_990, 5_990, 4_991) == []


def test_a_window_is_coming_open_and_over() -> None:
    hour = timedelta(hours=1)
    assert rules.state_of(NOW + hour, NOW + 2 * hour, None, NOW) == "coming"
    assert rules.state_of(NOW, NOW + hour, None, NOW) == "open"
    assert rules.state_of(NOW - hour, NOW, None, NOW) == "over"
    assert rules.state_of(NOW, NOW + hour, NOW, NOW) == "over"


WINDOWS = [WindowId(uuid.UUID(int=n)) for n in range(3)]
BUYERS = [uuid.UUID(int=n) for n in range(4)]
wishes = st.lists(
    st.tuples(st.sampled_from(BUYERS), st.dictionaries(st.sampled_from(WINDOWS), st.integers(1, 4), min_size=1)),
    max_size=30,
)
pools = st.fixed_dictionaries(
    {one: st.tuples(st.none() | st.integers(0, 10), st.none() | st.integers(1, 5)) for one in WINDOWS}
)


@given(wishes, pools)
def test_no_pool_and_no_cap_is_ever_passed_and_who_fits_gets_it(
    asked: list[tuple[uuid.UUID, dict[WindowId, int]]], given_pools: dict[WindowId, tuple[int | None, int | None]]
) -> None:
    made = {place: (b, [WindowWish(w, SKU, q) for w, q in its.items()]) for place, (b, its) in enumerate(asked)}
    left = {w: Pool(pieces, cap, {}) for w, (pieces, cap) in given_pools.items()}
    refused = rules.admit(made, left)
    taken = dict.fromkeys(WINDOWS, 0)
    had: dict[tuple[WindowId, uuid.UUID], int] = {}
    for place, (buyer, its) in enumerate(asked):
        fits = all(
            (given_pools[w][0] is None or taken[w] + q <= given_pools[w][0])
            and (given_pools[w][1] is None or had.get((w, buyer), 0) + q <= given_pools[w][1])
            for w, q in its.items()
        )
        assert fits == (place not in refused)
        if fits:
            for w, q in its.items():
                taken[w] += q
                had[w, buyer] = had.get((w, buyer), 0) + q


def test_a_refusal_says_what_is_left_and_what_one_has() -> None:
    wish = [WindowWish(WINDOWS[0], SKU, 3)]
    (few,) = rules.admit({0: (BUYERS[0], wish)}, {WINDOWS[0]: Pool(2, None, {})}).values()
    assert isinstance(few, OutOfStock)
    assert few.left == 2
    (much,) = rules.admit({0: (BUYERS[0], wish)}, {WINDOWS[0]: Pool(None, 4, {BUYERS[0]: 2})}).values()
    assert isinstance(much, LimitReached)
    assert (much.limit, much.had) == (4, 2)
    (gone,) = rules.admit({0: (BUYERS[0], wish)}, {}).values()
    assert isinstance(gone, OutOfStock)
    assert gone.left == 0
