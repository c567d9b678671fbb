"""A live room as the demo works it: who stands in it, what is on, and what may be said."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from kaibo.demo.person import Person
from kaibo.demo.pusher import Pusher

LINES_REMEMBERED = 24
QUESTIONS_WAITING_MAX = 6


@dataclass(frozen=True)
class Question:
    """What a viewer asks and what the host answers."""

    text: str
    answer: str


@dataclass(frozen=True)
class Script:
    """What is said in a room: lines and questions of viewers, lines of the host at any time and about a product in pitch."""

    lines: tuple[str, ...]
    questions: tuple[Question, ...] = ()
    host_lines: tuple[str, ...] = ()
    talking_points: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By product key."""


@dataclass(frozen=True)
class Scene:
    """A part of the room's film, in seconds from its start; `product_key` is what is on screen, if anything."""

    starts: float
    ends: float
    product_key: str | None


@dataclass(frozen=True)
class Film:
    seconds: float
    scenes: tuple[Scene, ...]

    def scene_at(self, seconds: float) -> tuple[Scene | None, float]:
        """The scene on screen this long after the film was started in a loop, and for how long it stays."""
        position = seconds % self.seconds
        for scene in self.scenes:
            if scene.starts <= position < scene.ends:
                return scene, scene.ends - position
        following = min((s.starts for s in self.scenes if s.starts > position), default=self.seconds)
        return None, following - position


@dataclass
class Stall:
    """`items` maps a product's key to its bag item in the broadcast that is on; empty `broadcast_id`: nothing is on."""

    key: str
    room_id: str
    shop_id: str
    host: Person
    merchant: Person
    pusher: Pusher
    script: Script
    film: Film | None
    product_ids: dict[str, str]
    title: str
    operator_name: str
    cover_id: str | None
    marks: tuple[str, ...]
    weight: float = 1.0
    """How much of the crowd comes here."""
    broadcast_id: str = ""
    items: dict[str, str] = field(default_factory=dict)
    pitch_key: str = ""
    said: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_REMEMBERED))
    asked: deque[Question] = field(default_factory=lambda: deque(maxlen=QUESTIONS_WAITING_MAX))

    @property
    def is_on(self) -> bool:
        return bool(self.broadcast_id and self.items)

    def path(self, rest: str = "") -> str:
        return f"/api/rooms/{self.room_id}{rest}"

    def read_bag(self, bag: list[dict[str, Any]]) -> None:
        keys = {product_id: key for key, product_id in self.product_ids.items()}
        self.items = {keys[item["product_id"]]: item["id"] for item in bag if item["product_id"] in keys}
