"""The last messages of the embedded provider, for the page /local/sms."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from kaibo.kernel.db import created_at, id_column, metadata
from kaibo.kernel.distribution import local

sms_ring = Table(
    "sms_ring",
    metadata,
    id_column(),
    Column("phone", Text, nullable=False),
    Column("text", Text, nullable=False),
    created_at("sent_at"),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)
