"""Who is online: distinct viewers seen in the last thirty seconds. Constant work a sighting, however many there are."""

from __future__ import annotations

from collections import Counter, OrderedDict
from uuid import UUID

from kaibo.stage.viewers.lookup import ONLINE_SECONDS, Watch


class Presence:
    """Times are monotonic seconds. A viewer with two pages open is one viewer."""

    def __init__(self) -> None:
        self._seen: OrderedDict[UUID, tuple[float, UUID]] = OrderedDict()
        self._watches_of: Counter[UUID] = Counter()

    def see(self, watch_id: UUID, viewer_id: UUID, at: float) -> None:
        self._forget(watch_id)
        self._seen[watch_id] = (at, viewer_id)
        self._watches_of[viewer_id] += 1

    def see_again(self, watch_id: UUID, at: float) -> bool:
        """False for a watch that is not online: its viewer has to be looked up."""
        known = self._seen.get(watch_id)
        if known is None:
            return False
        self.see(watch_id, known[1], at)
        return True

    def viewer_of(self, watch_id: UUID) -> UUID | None:
        known = self._seen.get(watch_id)
        return known[1] if known else None

    def watches(self) -> list[Watch]:
        return [Watch(watch_id, viewer_id) for watch_id, (_, viewer_id) in self._seen.items()]

    def online(self, now: float) -> int:
        while self._seen:
            watch_id, (at, _) = next(iter(self._seen.items()))
            if now - at <= ONLINE_SECONDS:
                break
            self._forget(watch_id)
        return len(self._watches_of)

    def _forget(self, watch_id: UUID) -> None:
        known = self._seen.pop(watch_id, None)
        if known is None:
            return
        viewer_id = known[1]
        self._watches_of[viewer_id] -= 1
        if not self._watches_of[viewer_id]:
            del self._watches_of[viewer_id]
