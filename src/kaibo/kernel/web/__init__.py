"""HTTP: what every route may use. Wings import from here and nowhere deeper."""

from kaibo.kernel.web import auth
from kaibo.kernel.web.caller import Caller, Grant
from kaibo.kernel.web.deps import CallerDep, DbDep, Idempotent, StateDep
from kaibo.kernel.web.pace import limited
from kaibo.kernel.web.pages import Cursor, Page, PageQuery, decode_cursor, encode_cursor
from kaibo.kernel.web.state import State
from kaibo.kernel.web.wire import Fen, Id, Instant, PositiveFen, Wire

__all__ = [
    "Caller",
    "CallerDep",
    "Cursor",
    "DbDep",
    "Fen",
    "Grant",
    "Id",
    "Idempotent",
    "Instant",
    "Page",
    "PageQuery",
    "PositiveFen",
    "State",
    "StateDep",
    "Wire",
    "auth",
    "decode_cursor",
    "encode_cursor",
    "limited",
]
