"""A host at work: opens the broadcast, keeps it on, pitches what the film shows, answers questions."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from kaibo.demo.crowd import pace, rota
from kaibo.demo.door import Refusal, Unreached
from kaibo.demo.person import fresh_key
from kaibo.demo.stall import Stall
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

STREAM_SECONDS_MAX = 60.0
LOOK_SECONDS = 2.0
ANSWER_SECONDS = (5.0, 14.0)
POINT_SECONDS = (35.0, 100.0)
POINT_SHARE = 0.75
"""What the host says unasked is mostly about what is in pitch."""
YIELD_SECONDS = 300.0
"""Where a person pitches in the demo's room, the demo keeps its hands off for this long."""
REOPEN_SECONDS = 180.0
"""A broadcast that a person has ended is followed by a new one after this long."""

OVER = frozenset({"stage.not_live", "stage.broadcast_over", "stage.step_not_allowed"})


class NoStream(Exception):
    """The encoder runs but the house does not see its stream."""


class Hosting:
    """Works one room."""

    def __init__(self, stall: Stall, dice: random.Random) -> None:
        self._stall = stall
        self._dice = dice
        self._pitch_id = ""
        self._pitched_at = 0.0
        self._pitched: Counter[str] = Counter()
        self._hands_off_until = 0.0

    # --- opening

    async def open(self) -> None:
        """The room is live when this returns: the broadcast of the last start where it is still on, else a new one.

        Raises Refusal, Unreached, NoStream.
        """
        stall = self._stall
        on = await self._open_broadcast() or await self._draft()
        bag = await self._fill_bag(on["id"])
        stall.pusher.start()
        if on["state"] == "draft":
            await stall.host.post(f"/api/broadcasts/{on['id']}/rehearse")
        if on["state"] != "live":
            await self._until_streaming()
            await stall.host.post(f"/api/broadcasts/{on['id']}/go-live")
        stall.broadcast_id = on["id"]
        stall.read_bag(bag)

    async def _open_broadcast(self) -> dict[str, Any] | None:
        rooms = (await self._stall.host.get("/api/console/rooms"))["items"]
        mine = next((entry for entry in rooms if entry["room"]["id"] == self._stall.room_id), None)
        found: dict[str, Any] | None = mine["broadcast"] if mine else None
        return found

    async def _draft(self) -> dict[str, Any]:
        stall = self._stall
        body = {
            "title": stall.title,
            "operator_name": stall.operator_name,
            "marks": list(stall.marks),
            "cover_picture_id": stall.cover_id,
        }
        made: dict[str, Any] = await stall.host.post(stall.path("/broadcasts"), body, key=fresh_key())
        return made

    async def _fill_bag(self, broadcast_id: str) -> list[dict[str, Any]]:
        stall = self._stall
        path = f"/api/broadcasts/{broadcast_id}/bag"
        bag: list[dict[str, Any]] = (await stall.host.get(path))["items"]
        there = {item["product_id"] for item in bag}
        lacking = [product_id for product_id in stall.product_ids.values() if product_id not in there]
        if lacking:
            bag = (await stall.host.post(path, {"product_ids": lacking}, key=fresh_key()))["items"]
        return bag

    async def _until_streaming(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + STREAM_SECONDS_MAX
        while not (await self._stall.host.get(self._stall.path("/ingest")))["publishing"]:
            if loop.time() > until:
                raise NoStream(f"{self._stall.key}: no stream arrived in {STREAM_SECONDS_MAX:g} s")
            await asyncio.sleep(0.5)

    # --- keeping it on

    async def run(self) -> None:
        """Pitch and answer until the demo stops."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._steadily(self.pitch_next))
            group.create_task(self._steadily(self.answer_next))
            group.create_task(self._steadily(self._say_point))

    async def _steadily(self, act: Callable[[], Awaitable[float]]) -> None:
        """Do it, rest for as many seconds as it says, again."""
        while True:
            try:
                await asyncio.sleep(await act())
            except Refusal as refusal:
                log.info("demo.host_refused", room=self._stall.key, why=str(refusal))
                await asyncio.sleep(max(5.0, refusal.retry_after_seconds))
            except (Unreached, NoStream) as no:
                log.info("demo.host_unheard", room=self._stall.key, why=str(no))
                await asyncio.sleep(10)
            except Exception:
                log.exception("demo.host_fault", room=self._stall.key)
                await asyncio.sleep(60)

    async def pitch_next(self) -> float:
        """Pitch what has its turn. Gives the seconds until it is worth looking again."""
        stall, loop = self._stall, asyncio.get_running_loop()
        if not stall.is_on:
            await self.open()
        sent = stall.pusher.seconds
        if sent is None:
            if await self._open_broadcast() is None:
                await self._reopen()
            return LOOK_SECONDS
        age = loop.time() - self._pitched_at
        key, rest = rota.next_pitch(stall.film, sent, stall.items, stall.pitch_key, age, self._pitched, self._dice)
        if key is None or await self._somebody_else_pitches():
            return rest
        try:
            pitch = await stall.host.post(
                f"/api/broadcasts/{stall.broadcast_id}/pitches", {"item_id": stall.items[key]}, key=fresh_key()
            )
        except Refusal as refusal:
            if refusal.code not in OVER:
                raise
            await self._reopen()
            return LOOK_SECONDS
        self._pitch_id, stall.pitch_key, self._pitched_at = pitch["id"], key, loop.time()
        self._pitched[key] += 1
        return rest

    async def _somebody_else_pitches(self) -> bool:
        loop = asyncio.get_running_loop()
        running = (await self._stall.host.get(self._stall.path("/snapshot")))["pitch"]
        if running and self._pitch_id and running["id"] != self._pitch_id:
            self._hands_off_until = loop.time() + YIELD_SECONDS
            self._pitch_id = running["id"]
        return loop.time() < self._hands_off_until

    async def _reopen(self) -> None:
        """A person ended the broadcast: leave it so for a while, then go live again."""
        stall = self._stall
        log.info("demo.broadcast_ended_by_somebody", room=stall.key)
        stall.broadcast_id, stall.items, stall.pitch_key, self._pitch_id = "", {}, "", ""
        await stall.pusher.stop()
        await asyncio.sleep(REOPEN_SECONDS)
        await self.open()

    # --- talking

    async def answer_next(self) -> float:
        """Answer the question that has waited longest."""
        stall = self._stall
        if stall.asked:
            question = stall.asked.popleft()
            await pace.pause(self._dice, *ANSWER_SECONDS)
            if stall.is_on:
                await self._say(question.answer)
        return LOOK_SECONDS

    async def _say_point(self) -> float:
        stall = self._stall
        about = stall.script.talking_points.get(stall.pitch_key, ())
        pool = about if about and self._dice.random() < POINT_SHARE else stall.script.host_lines
        points = [point for point in pool if point not in stall.said]
        if stall.is_on and points:
            await self._say(self._dice.choice(points))
        return self._dice.uniform(*POINT_SECONDS)

    async def _say(self, text: str) -> None:
        self._stall.said.append(text)
        await self._stall.host.post(self._stall.path("/chat"), {"text": text}, key=fresh_key())
