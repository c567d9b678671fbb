"""NATS decentralised JWT authentication (operator -> account -> user), minted here so that no call-out sits on the connect path.

Format: JWT with `alg: ed25519-nkey`, claims in `nats` (github.com/nats-io/jwt v2). One token costs about 0.1 ms.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nkeys
import orjson

from kaibo.kernel import clock

_HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}
NO_LIMIT = -1
USER_PAYLOAD_BYTES_MAX = 1 << 20


def new_seed(prefix: int) -> str:
    """A fresh nkey seed; `prefix` is nkeys.PREFIX_BYTE_OPERATOR, _ACCOUNT or _USER."""
    return bytes(nkeys.encode_seed(os.urandom(32), prefix)).decode()


def public_key(seed: str) -> str:
    key: bytes = nkeys.from_seed(seed.encode()).public_key
    return key.decode()


def sign(claims: dict[str, Any], issuer_seed: str) -> str:
    """Encode and sign claims; `iss`, `iat` and `jti` are filled in."""
    issuer = nkeys.from_seed(issuer_seed.encode())
    claims = {**claims, "iss": issuer.public_key.decode(), "iat": clock.epoch_ms() // 1000, "jti": ""}
    claims["jti"] = base64.b32encode(hashlib.sha256(orjson.dumps(claims)).digest()).decode().rstrip("=")
    body = f"{_part(_HEADER)}.{_part(claims)}"
    return f"{body}.{_encode(issuer.sign(body.encode()))}"


def _part(value: dict[str, Any]) -> str:
    return _encode(orjson.dumps(value))


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def mint_user(
    account_seed: str,
    *,
    name: str,
    subscribe: list[str],
    publish: list[str],
    expires_in_seconds: int | None = None,
    bearer: bool = False,
) -> tuple[str, str]:
    """A user token limited to these subjects; returns (jwt, user seed).

    An empty `publish` denies publishing altogether. A bearer token needs no seed to connect, and is then limited to WebSocket.
    """
    user_seed = new_seed(nkeys.PREFIX_BYTE_USER)
    claims: dict[str, Any] = {
        "name": name,
        "sub": public_key(user_seed),
        "nats": {
            "type": "user",
            "version": 2,
            "pub": {"allow": publish} if publish else {"deny": [">"]},
            "sub": {"allow": subscribe},
            "subs": 16 if bearer else NO_LIMIT,
            "data": NO_LIMIT,
            "payload": USER_PAYLOAD_BYTES_MAX,
        },
    }
    if bearer:
        claims["nats"] |= {"bearer_token": True, "allowed_connection_types": ["WEBSOCKET"]}
    if expires_in_seconds is not None:
        claims["exp"] = clock.epoch_ms() // 1000 + expires_in_seconds
    return sign(claims, account_seed), user_seed


@dataclass(frozen=True)
class Trust:
    """The key material of an embedded server: seeds of operator and account, and the account's signed claims."""

    operator_seed: str
    account_seed: str
    system_seed: str

    @classmethod
    def load_or_make(cls, directory: Path) -> Trust:
        """Read the seeds, or make them on first start (files 0600 in a 0700 directory)."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        prefixes = {
            "operator": nkeys.PREFIX_BYTE_OPERATOR,
            "account": nkeys.PREFIX_BYTE_ACCOUNT,
            "system": nkeys.PREFIX_BYTE_ACCOUNT,
        }
        return cls(
            **{f"{name}_seed": _seed_file(directory / f"{name}.nk", prefix) for name, prefix in prefixes.items()}
        )

    def operator_jwt(self) -> str:
        claims = {"type": "operator", "version": 2, "system_account": public_key(self.system_seed)}
        return sign({"name": "kaibo", "sub": public_key(self.operator_seed), "nats": claims}, self.operator_seed)

    def account_jwt(self, seed: str, name: str, *, jetstream: bool) -> str:
        limits: dict[str, Any] = dict.fromkeys(
            ("subs", "data", "payload", "imports", "exports", "conn", "leaf"), NO_LIMIT
        )
        limits["wildcards"] = True
        if jetstream:
            limits |= dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer", "max_ack_pending"), NO_LIMIT)
        claims = {"type": "account", "version": 2, "limits": limits}
        return sign({"name": name, "sub": public_key(seed), "nats": claims}, self.operator_seed)

    def write_credentials(self, path: Path) -> None:
        """Kaibo's own .creds file: may do everything in the account."""
        jwt, seed = mint_user(self.account_seed, name="kaibo", subscribe=[">"], publish=[">"])
        text = (
            f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
        _write_private(path, text)


def _seed_file(path: Path, prefix: int) -> str:
    if not path.exists():
        _write_private(path, new_seed(prefix))
    return path.read_text(encoding="ascii").strip()


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
