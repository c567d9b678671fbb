"""Every table says where it lives when Citus spreads PostgreSQL, and what it says keeps Citus' rules. Failures name the cure."""

from __future__ import annotations

import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, Table, Uuid

from kaibo import house  # imports every wing, and so every table
from kaibo.kernel.db import metadata
from kaibo.kernel.distribution import distributed, local, lost, placement, plan, too_narrow

assert house.ROUTERS
TABLES = metadata.sorted_tables
SPREAD = [table for table in TABLES if placement(table).kind == "distributed"]

# What nobody checks any more on several machines: between the coordinator and a shard. Their writers hold the lock of the row that
# they name (the order, the person), so one that is not there cannot be named. A new one needs the same proof.
GIVEN_UP = {
    "fk_addresses_person_id_persons",
    "fk_aftersales_cases_order_id_orders",
    "fk_freight_covers_order_id_orders",
    "fk_invoices_order_id_orders",
    "fk_aftersales_lines_line_id_order_lines",
    "fk_parcel_lines_line_id_order_lines",
    "fk_parcels_order_id_orders",
    "fk_presale_orders_order_id_orders",
    "fk_refunds_order_id_orders",
}


def test_what_is_not_distributed_says_why() -> None:
    silent = [table.fullname for table in TABLES if placement(table).kind != "distributed" and not placement(table).why]
    assert not silent, f"say why in reference(…) or local(…): {silent}"


def test_distribution_columns_are_there_and_of_one_type_in_a_group() -> None:
    wrong = []
    for table in SPREAD:
        column = table.c.get(placement(table).column)
        if column is None or column.nullable or not isinstance(column.type, Uuid):
            wrong.append(f"{table.fullname}.{placement(table).column}: needs a uuid column that is never NULL")
        if placement(table).group not in {"shop", "buyer"}:
            wrong.append(
                f"{table.fullname}: group {placement(table).group!r} is new; name it here and in the ADR on distribution"
            )
    assert not wrong, "\n".join(wrong)


def test_a_key_that_is_widened_says_why_it_is_enough_within_one_value() -> None:
    """A random id is unique anyway. Any other key that becomes unique within one shop only has to say why that does no harm."""
    wrong = []
    for table in SPREAD:
        here = placement(table)
        narrow = {str(key.name) for key in too_narrow(table)}
        made_by_us = {
            str(key.name)
            for key in too_narrow(table)
            if all(isinstance(column.type, Uuid) for column in key.columns) and key is table.primary_key
        }
        wrong += [
            f"{table.fullname}: {name} becomes unique within one {here.column} only; say in unique_within why that is enough"
            for name in narrow - made_by_us - here.unique_within.keys()
        ]
        wrong += [f"{table.fullname}: there is no key {name} to widen" for name in here.unique_within.keys() - narrow]
    assert not wrong, "\n".join(wrong)


def test_only_known_foreign_keys_are_given_up() -> None:
    gone = {str(key.name) for key in lost(metadata)}
    assert gone == GIVEN_UP, (
        f"new {gone - GIVEN_UP}, no longer {GIVEN_UP - gone}: a foreign key leads to a reference table or, in one group, by keys "
        "with the distribution column: give the table that column and distribute it, or prove that its writers lock what they name"
    )


def test_numbers_that_the_database_gives_out_are_wide_enough() -> None:
    """On a worker Citus puts the machine's number into the top 16 bits of a sequence."""
    wrong = [
        f"{table.fullname}.{column.name}: an identity column of a distributed table is a bigint"
        for table in SPREAD
        for column in table.columns
        if column.identity is not None and not isinstance(column.type, BigInteger)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_plan_names_every_table_once_and_in_order() -> None:
    statements = plan(metadata)
    calls = [(n, s.split("'")[1]) for n, s in enumerate(statements) if s.startswith("SELECT ")]
    named = {table.fullname: [n for n, name in calls if name == table.fullname] for table in TABLES}
    assert {name for name, places in named.items() if len(places) != 1} == set()
    at = {name: places[0] for name, places in named.items()}
    for table in TABLES:
        for key in table.foreign_key_constraints:
            to = key.referred_table
            if placement(to).kind == "reference" and to is not table:
                assert at[to.fullname] < at[table.fullname], (
                    f"{table.fullname} leads to {to.fullname}, which comes later"
                )


def test_a_table_that_says_nothing_is_found() -> None:
    own = MetaData()
    Table("silent", own, Column("id", Uuid, primary_key=True), schema="trade")
    with pytest.raises(LookupError, match=r"trade\.silent"):
        placement(own.tables["trade.silent"])


def test_a_foreign_key_between_groups_is_found() -> None:
    own = MetaData()
    shops = Table("a", own, Column("id", Uuid, primary_key=True), info=distributed("id", group="shop"))
    Table("b", own, Column("id", ForeignKey(shops.c.id), primary_key=True), info=distributed("id", group="buyer"))
    Table("c", own, Column("id", ForeignKey(shops.c.id), primary_key=True), info=distributed("id", group="shop"))
    Table("d", own, Column("id", ForeignKey(shops.c.id), primary_key=True), info=local("for the test"))
    assert sorted(key.table.name for key in lost(own)) == ["b", "d"]
