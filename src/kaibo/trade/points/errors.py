"""What points refuse."""

from __future__ import annotations

from kaibo.kernel.errors import Conflict, refusal


@refusal
class PointsUnusable(Conflict):
    """The points the buyer named cannot all be spent on this checkout; `usable` is how many can, 0 while points are off."""

    code = "trade.points_unusable"
    points: int
    usable: int
