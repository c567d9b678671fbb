"""Watches (a page's stay in a room), views (the part of a watch that falls into a broadcast), likes, items shown.

`viewer_id` is the person where signed in, else the browser's random id from the cookie `kaibo_viewer`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, Table, Text

from kaibo.kernel.db import metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

watches = Table(
    "watches",
    metadata,
    uuid_column("id", primary_key=True),
    uuid_column("room_id"),
    uuid_column("viewer_id"),
    uuid_column("person_id", nullable=True),
    Column("source", Text, nullable=False),
    timestamptz("entered_at"),
    timestamptz("last_seen_at"),
    Index(None, "room_id", "last_seen_at"),
    Index(None, "viewer_id"),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

views = Table(
    "views",
    metadata,
    uuid_column("broadcast_id", primary_key=True),
    uuid_column("watch_id", primary_key=True),
    uuid_column("viewer_id"),
    Column("source", Text, nullable=False),
    timestamptz("entered_at"),
    timestamptz("last_seen_at"),
    # Sum of the gaps between sightings of at most 30 s: time the page was really open.
    Column("watch_ms", BigInteger, nullable=False, default=0),
    Index(None, "broadcast_id", "viewer_id"),
    Index(None, "broadcast_id", "entered_at"),
    ForeignKeyConstraint(["broadcast_id"], ["stage.broadcasts.id"]),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

likes = Table(
    "likes",
    metadata,
    uuid_column("broadcast_id", primary_key=True),
    timestamptz("minute", primary_key=True),
    uuid_column("watch_id", primary_key=True),
    uuid_column("viewer_id"),
    Column("count", Integer, nullable=False),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

item_views = Table(
    "item_views",
    metadata,
    uuid_column("item_id", primary_key=True),
    uuid_column("viewer_id", primary_key=True),
    uuid_column("broadcast_id"),
    timestamptz("shown_at"),
    timestamptz("clicked_at", nullable=True),
    timestamptz("buying_at", nullable=True),
    Index(None, "broadcast_id"),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)
