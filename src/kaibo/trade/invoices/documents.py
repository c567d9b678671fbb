"""Where invoices lie: beside the public blobs and not among them, for a name, a tax number and an amount stand on them."""

from __future__ import annotations

from kaibo.kernel.blobs import Blobs
from kaibo.kernel.config import Settings


def documents(settings: Settings) -> Blobs:
    return Blobs(settings.data_dir / "documents")
