"""Trades, refunds and nonces, beside what every sandbox remembers."""

from pathlib import Path

from kaibo.sandbox import store
from kaibo.sandbox.store import CALLBACKS, Row

SCHEMA = """
CREATE TABLE IF NOT EXISTS trades (
  out_trade_no TEXT PRIMARY KEY, prepay_id TEXT NOT NULL UNIQUE, trade_type TEXT NOT NULL, description TEXT NOT NULL,
  total_fen INTEGER NOT NULL CHECK (total_fen > 0), currency TEXT NOT NULL, notify_url TEXT NOT NULL,
  attach TEXT NOT NULL, payer_ip TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('NOTPAY', 'SUCCESS', 'CLOSED')),
  transaction_id TEXT UNIQUE, openid TEXT, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, paid_ms INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
  out_refund_no TEXT PRIMARY KEY, refund_id TEXT NOT NULL UNIQUE, out_trade_no TEXT NOT NULL REFERENCES trades,
  refund_fen INTEGER NOT NULL CHECK (refund_fen > 0), reason TEXT NOT NULL, notify_url TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('PROCESSING', 'SUCCESS')), created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  done_ms INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS refunds_of_trade ON refunds (out_trade_no);
CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, seen_ms INTEGER NOT NULL) STRICT;
"""


class Store(store.Store):
    def __init__(self, path: Path) -> None:
        super().__init__(path, CALLBACKS + SCHEMA)

    def trade(self, out_trade_no: str) -> Row | None:
        return self.one("SELECT * FROM trades WHERE out_trade_no = ?", out_trade_no)

    def trade_by_prepay(self, prepay_id: str) -> Row | None:
        return self.one("SELECT * FROM trades WHERE prepay_id = ?", prepay_id)

    def refunded_fen(self, out_trade_no: str) -> int:
        row = self.one("SELECT coalesce(sum(refund_fen), 0) AS fen FROM refunds WHERE out_trade_no = ?", out_trade_no)
        return int(row["fen"]) if row else 0

    def take_nonce(self, nonce: str, *, now_ms: int, keep_ms: int) -> bool:
        """False when `nonce` was taken before within `keep_ms`."""
        with self.change():
            self.run("DELETE FROM nonces WHERE seen_ms < ?", now_ms - keep_ms)
            return self.run("INSERT OR IGNORE INTO nonces VALUES (?, ?)", nonce, now_ms) == 1
