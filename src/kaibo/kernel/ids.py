"""Identifiers: UUID version 7 (RFC 9562), so that they sort by time and never collide between processes."""

from __future__ import annotations

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, then randomness."""
    return uuid_utils.compat.uuid7()
