"""One visit to a room: enter, stay, take part, leave."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from kaibo.demo.crowd import pace
from kaibo.demo.crowd.buy import Shopping
from kaibo.demo.person import Person, fresh_key
from kaibo.demo.stall import Question, Stall

BAG_ITEMS_SHOWN = 4


@dataclass
class Visit:
    """`buyer` is set for those who are signed in and have an address."""

    stall: Stall
    person: Person
    dice: random.Random
    shopping: Shopping
    watch_id: str = ""
    shown: set[str] = field(default_factory=set)

    async def make(self, seconds: float) -> None:
        """Stay about this long. Raises Refusal, Unreached where the room cannot be entered."""
        source = pace.drawn(self.dice, pace.SOURCES)
        entered = await self.person.post(self.stall.path("/enter"), {"source": source})
        self.watch_id = entered["watch_id"]
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        # Heartbeats of a herd that came in together must not stay together.
        await pace.pause(self.dice, 1, pace.PRESENCE_SECONDS)
        await self._show(self._some_items(BAG_ITEMS_SHOWN), [])
        while loop.time() < until and self.stall.is_on:
            await self.person.post(self.stall.path("/presence"), {"watch_id": self.watch_id})
            acts = pace.acts_of_a_moment(self.dice)
            for act in acts:
                await pace.pause(self.dice, 0.2, 2.5)
                await self.do(act)
            if self.shopping.is_due(self.person):
                await self.shopping.go(self.stall, self.person, self.watch_id)
            await asyncio.sleep(self.dice.uniform(0.85, 1.1) * pace.PRESENCE_SECONDS - 1.3 * len(acts))

    async def do(self, act: str) -> None:
        """One act by its name in pace.ACTS; what needs a login is passed over by those who have none."""
        signed_in = bool(self.person.phone)
        if act == "like":
            body = {"watch_id": self.watch_id, "count": pace.taps(self.dice)}
            await self.person.post(self.stall.path("/likes"), body)
        elif act == "browse":
            seen = self._some_items(BAG_ITEMS_SHOWN)
            await self._show(seen, seen[: self.dice.randint(0, 2)])
        elif act == "want_pitch":
            for item_id in self._some_items(1):
                await self.person.post(self.stall.path(f"/bag/{item_id}/pitch-requests"))
        elif act == "follow" and signed_in:
            await self.person.post(self.stall.path("/follow"))
        elif act == "say" and signed_in:
            await self.say()

    async def say(self) -> None:
        """A line that nobody has said lately; a question is left for the host to answer."""
        line = self._line()
        if line is None:
            return
        text = line.text if isinstance(line, Question) else line
        self.stall.said.append(text)
        await self.person.post(self.stall.path("/chat"), {"text": text}, key=fresh_key())
        if isinstance(line, Question):
            self.stall.asked.append(line)

    def _line(self) -> str | Question | None:
        pool: list[str | Question] = [*self.stall.script.lines, *self.stall.script.questions]
        fresh = [line for line in pool if _text(line) not in self.stall.said]
        return self.dice.choice(fresh) if fresh else None

    def _some_items(self, count: int) -> list[str]:
        items = list(self.stall.items.values())
        chosen = self.dice.sample(items, min(count, len(items)))
        in_pitch = self.stall.items.get(self.stall.pitch_key)
        if in_pitch and in_pitch not in chosen and chosen:
            chosen[0] = in_pitch
        return chosen

    async def _show(self, shown: list[str], clicked: list[str]) -> None:
        fresh = [item_id for item_id in shown if item_id not in self.shown]
        if not fresh and not clicked:
            return
        self.shown |= set(fresh)
        body: dict[str, Any] = {"watch_id": self.watch_id, "shown": shown, "clicked": clicked}
        await self.person.post(self.stall.path("/seen"), body)


def _text(line: str | Question) -> str:
    return line.text if isinstance(line, Question) else line
