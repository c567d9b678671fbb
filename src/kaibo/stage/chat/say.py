"""A person says a line in a room. Committed means kept; the web process tells the room's owner after the commit."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from kaibo.kernel import clock, context
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.web import Caller
from kaibo.stage.broadcasts.lookup import open_broadcast
from kaibo.stage.chat import rules
from kaibo.stage.chat.tables import chat_lines, mutes
from kaibo.stage.contracts import (
    ChatEmpty,
    ChatRepeated,
    ChatTooFast,
    ChatTooLong,
    Muted,
    NotLive,
    SlowMode,
)
from kaibo.stage.rooms import lookup as rooms
from kaibo.stage.secret import person_ref
from kaibo.stage.wire import ChatEventWire

CLOCKS_APART_SECONDS = 5
"""How far the clocks of two web processes may be apart."""


async def say(db: Db, room_id: UUID, speaker: Caller, text: str) -> ChatEventWire:
    """Clean the line, judge it, keep it.

    Raises ChatEmpty, ChatTooLong, NotLive (viewers speak while the broadcast is on; the crew in rehearsals too), Muted,
    ChatTooFast, SlowMode, ChatRepeated.
    """
    text = accepted_text(text)
    room = await rooms.room(db, room_id)
    role = speaker.role_in_room(room_id)
    on = await open_broadcast(db, room_id)
    if on is None or not (on.state == "live" or (role and on.state == "rehearsal")):
        raise NotLive()
    await _require_voice(db, room, speaker.id, text, is_crew=role is not None)
    line = ChatEventWire(
        id=new_id(),
        kind="line",
        name=speaker.nickname,
        text=text,
        role=role,
        person_ref=person_ref(room_id, speaker.id),
        demo=await rooms.is_demo(db, speaker.id),
        at=clock.now(),
    )
    await db.execute(
        chat_lines.insert().values(
            id=line.id,
            room_id=room_id,
            broadcast_id=on.id,
            person_id=speaker.id,
            person_ref=line.person_ref,
            name=line.name,
            role=line.role,
            text=text,
            demo=line.demo,
            at=line.at,
        )
    )
    return line


def accepted_text(text: str) -> str:
    """The cleaned line. Raises ChatEmpty, ChatTooLong."""
    text = rules.clean(text)
    if rules.is_blank(text):
        raise ChatEmpty()
    if len(text) > rules.CHAT_CHARS_MAX:
        raise ChatTooLong(chars=len(text), chars_max=rules.CHAT_CHARS_MAX)
    return text


async def _require_voice(db: Db, room: rooms.Room, person_id: UUID, text: str, *, is_crew: bool) -> None:
    # One person's lines are judged one after another, whichever web process they reach.
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"chat {room.id} {person_id}", 0))))
    now = clock.now()
    here = (mutes.c.room_id == room.id) & (mutes.c.person_id == person_id)
    until = await db.scalar(select(mutes.c.until).where(here).order_by(mutes.c.id.desc()).limit(1))
    if until is not None and until > now:
        raise Muted(until=until.isoformat(timespec="seconds"))
    burst = max(1, int(rules.CHAT_BURST_LINES * context.settings().rate_limit_scale))
    horizon = now - timedelta(seconds=max(rules.CHAT_REPEAT_SECONDS, room.slow_mode_seconds, burst))
    # Lines from the future were said before the clock was set back; they must not keep anybody silent until it is there again.
    recent = chat_lines.c.at.between(horizon, now + timedelta(seconds=CLOCKS_APART_SECONDS))
    said = (
        await db.execute(
            select(chat_lines.c.at, chat_lines.c.text)
            .where(chat_lines.c.room_id == room.id, chat_lines.c.person_id == person_id, recent)
            .order_by(chat_lines.c.at.desc())
        )
    ).all()
    times = [row.at for row in said]
    if wait := rules.wait_for_rate(times, now, burst):
        raise ChatTooFast(retry_after_seconds=wait)
    if not is_crew and (wait := rules.wait_for_slow_mode(times, now, room.slow_mode_seconds)):
        raise SlowMode(seconds=room.slow_mode_seconds, retry_after_seconds=wait)
    repeat_after = now - timedelta(seconds=rules.CHAT_REPEAT_SECONDS)
    if any(row.text == text and row.at > repeat_after for row in said):
        raise ChatRepeated(repeat_seconds=rules.CHAT_REPEAT_SECONDS)
