"""The account's secrets: made on the first start, kept in the data directory, for its owner only."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from kaibo.sandbox.files import write_private


@dataclass(frozen=True, slots=True)
class Keys:
    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


def load_or_make(directory: Path) -> Keys:
    """Read the keys of `directory`, making what is missing."""
    file = directory / "identity.json"
    if not file.exists():
        fresh = {"secret_key": f"sk_test_{secrets.token_hex(24)}", "webhook_secret": f"whsec_{secrets.token_hex(24)}"}
        write_private(file, json.dumps(fresh).encode())
    identity = json.loads(file.read_text())
    return Keys(identity["secret_key"], identity["webhook_secret"])


def write_merchant_file(directory: Path, keys: Keys, base_url: str) -> None:
    """`stripe.json`: what the merchant's system needs to know to talk to us."""
    document = {"secret_key": keys.secret_key, "webhook_secret": keys.webhook_secret, "api_base": base_url}
    write_private(directory / "stripe.json", json.dumps(document, indent=2).encode() + b"\n")
