"""Where a table's rows live when PostgreSQL is spread over several machines by Citus.

Every table says it in its `info`: distributed by one of its columns, in a group of tables whose rows of the same value stand on the
same machine; a reference table, which every machine has whole; or local, on the coordinator. One machine needs none of this, and
its keys stay as narrow as they are. `plan` turns the declarations into the statements that spread a migrated database
(`kaibo distribution`): it widens keys and foreign keys by the distribution column, because Citus checks a key inside a shard.

Rules of Citus that are kept here: a primary key or unique index of a distributed table holds the distribution column; a foreign key
leads to a reference table, or to a table of the same group by keys that hold the column on both sides; nothing local leads to
something distributed. Source: citusdata/citus, commands/foreign_constraint.c, create_distributed_table.c, trigger.c (14.0).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ForeignKeyConstraint, Index, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint, CreateIndex, DropConstraint

_KEY = "placement"
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

Kind = Literal["distributed", "reference", "local"]


@dataclass(frozen=True)
class Placement:
    """`unique_within` says, for each unique key that has to be widened by the column, why it is enough within one value of it."""

    kind: Kind
    why: str = ""
    column: str = ""
    group: str = ""
    unique_within: Mapping[str, str] = field(default_factory=dict)
    without_triggers: Mapping[str, str] = field(default_factory=dict)


def distributed(
    column: str,
    *,
    group: str,
    unique_within: Mapping[str, str] | None = None,
    without_triggers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Rows stand where `column` says; tables of one `group` stand together. The keys of `unique_within` are names of keys,
    those of `without_triggers` names of triggers that look beyond their own statement and so cannot run on a shard."""
    return {_KEY: Placement("distributed", "", column, group, unique_within or {}, without_triggers or {})}


def reference(why: str) -> dict[str, Any]:
    """Every machine has the whole table; a write goes to all of them in one transaction."""
    return {_KEY: Placement("reference", why)}


def local(why: str) -> dict[str, Any]:
    """The table stays on the coordinator."""
    return {_KEY: Placement("local", why)}


def placement(table: Table) -> Placement:
    """Raises LookupError where the table does not say where it lives."""
    found = table.info.get(_KEY)
    if not isinstance(found, Placement):
        raise LookupError(
            f"{table.fullname} does not say where it lives: add info=distributed(…), reference(…) or local(…)"
        )
    return found


def unique_keys(table: Table) -> Iterator[PrimaryKeyConstraint | UniqueConstraint | Index]:
    """Everything that may be there once only, in a stable order."""
    yield table.primary_key
    yield from sorted((c for c in table.constraints if isinstance(c, UniqueConstraint)), key=_name)
    yield from sorted((i for i in table.indexes if i.unique), key=_name)


def foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted((c for c in table.constraints if isinstance(c, ForeignKeyConstraint)), key=_name)


def too_narrow(table: Table) -> list[PrimaryKeyConstraint | UniqueConstraint | Index]:
    """Keys of a distributed table that do not hold its distribution column."""
    column = table.c[placement(table).column]
    return [key for key in unique_keys(table) if column not in list(key.columns)]


def lost(metadata: MetaData) -> list[ForeignKeyConstraint]:
    """Foreign keys that Citus cannot check: what is not distributed leading to what is, or one group leading to another."""
    return [
        key
        for table in metadata.sorted_tables
        for key in foreign_keys(table)
        if not _may_lead(table, key.referred_table)
    ]


def _may_lead(table: Table, to: Table) -> bool:
    here, there = placement(table), placement(to)
    if there.kind == "distributed":
        return here.kind == "distributed" and here.group == there.group
    return there.kind == "reference" or here.kind != "distributed"


def plan(metadata: MetaData) -> list[str]:
    """The statements that spread a migrated database, each to be run by itself, in this order."""
    tables = metadata.sorted_tables
    spread = [table for table in tables if placement(table).kind == "distributed"]
    return [
        *prepare(metadata),
        "SET citus.enable_unsafe_triggers TO on",
        *(
            f"SELECT create_reference_table('{table.fullname}')"
            for table in tables
            if placement(table).kind == "reference"
        ),
        *_create(spread),
        *lead_again(metadata),
        # known to Citus, so that a transaction that writes here and on a shard commits on both machines or on neither
        *(_make_known(table.fullname) for table in tables if placement(table).kind == "local"),
    ]


def prepare(metadata: MetaData) -> list[str]:
    """The part that any PostgreSQL runs: foreign keys and triggers away that Citus refuses, keys widened."""
    spread = [table for table in metadata.sorted_tables if placement(table).kind == "distributed"]
    return [*_let_go(metadata), *(statement for table in spread for statement in _widen(table))]


def _let_go(metadata: MetaData) -> Iterator[str]:
    for table in metadata.sorted_tables:
        for key in foreign_keys(table):
            if "distributed" in (placement(table).kind, placement(key.referred_table).kind):
                yield _sql(DropConstraint(key))
        for trigger in sorted(placement(table).without_triggers):
            yield f"DROP TRIGGER {trigger} ON {table.fullname}"


def _widen(table: Table) -> Iterator[str]:
    for key in too_narrow(table):
        if isinstance(key, Index):
            yield f"DROP INDEX {table.schema}.{key.name}"
        else:
            yield _sql(DropConstraint(key))
        yield _wider(table, key)


def _wider(table: Table, key: PrimaryKeyConstraint | UniqueConstraint | Index) -> str:
    """The same key, its own columns first, so that a look-up by them still has its index."""
    column = placement(table).column
    names = [c.name for c in key.columns]
    if isinstance(key, Index):
        made = _sql(CreateIndex(key))
        return made.replace(f"({', '.join(names)})", f"({', '.join([*names, column])})")
    kind = "PRIMARY KEY" if isinstance(key, PrimaryKeyConstraint) else "UNIQUE"
    return f"ALTER TABLE {table.fullname} ADD CONSTRAINT {key.name} {kind} ({', '.join([*names, column])})"


def _create(tables: list[Table]) -> Iterator[str]:
    first: dict[str, str] = {}
    for table in tables:
        here = placement(table)
        beside = first.setdefault(here.group, table.fullname)
        with_ = "none" if beside == table.fullname else beside
        yield f"SELECT create_distributed_table('{table.fullname}', '{here.column}', colocate_with => '{with_}')"


def _make_known(name: str) -> str:
    # one that a foreign key leads to has come along with another
    known = f"SELECT FROM pg_dist_partition WHERE logicalrelid = '{name}'::regclass"
    return f"SELECT citus_add_local_table_to_metadata('{name}', cascade_via_foreign_keys => true) WHERE NOT EXISTS ({known})"


def lead_again(metadata: MetaData) -> list[str]:
    """The foreign keys between tables of one group, by the wider keys, and those to reference tables."""
    gone = lost(metadata)
    return [
        _foreign(table, key)
        for table in metadata.sorted_tables
        for key in foreign_keys(table)
        if placement(table).kind == "distributed" and key not in gone
    ]


def _foreign(table: Table, key: ForeignKeyConstraint) -> str:
    if placement(key.referred_table).kind == "reference":
        return _sql(AddConstraint(key))
    here, there = list(key.column_keys), [element.column.name for element in key.elements]
    column, to = placement(table).column, placement(key.referred_table).column
    if column not in here:
        here, there = [*here, column], [*there, to]
    return (
        f"ALTER TABLE {table.fullname} ADD CONSTRAINT {key.name} FOREIGN KEY ({', '.join(here)}) "
        f"REFERENCES {key.referred_table.fullname} ({', '.join(there)})"
    )


def _sql(statement: Any) -> str:
    return " ".join(str(statement.compile(dialect=_DIALECT)).split())


def _name(key: Any) -> str:
    return str(key.name)
