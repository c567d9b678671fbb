"""Pictures: where they lie and whose they are."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, Table, Text, UniqueConstraint

from kaibo.kernel.db import created_at, id_column, metadata, uuid_column
from kaibo.kernel.distribution import reference

pictures = Table(
    "pictures",
    metadata,
    id_column(),
    uuid_column("owner_id"),
    # of the file as it was uploaded: the same upload twice is one picture
    Column("source_sha256", LargeBinary, nullable=False),
    Column("url", Text, nullable=False),
    Column("thumbnail_url", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    created_at(),
    UniqueConstraint("owner_id", "source_sha256"),
    schema="goods",
    info=reference("read with every product, written by hand"),
)
