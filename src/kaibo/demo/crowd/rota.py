"""Which product is pitched next. Pure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection

from kaibo.demo.stall import Film

PITCH_SECONDS_MIN = 40.0
LOOK_SECONDS_MIN = 0.5
FILM_LEAD = 2
"""So many pitches more than the least pitched product has one that the film shows."""


def next_pitch(
    film: Film | None,
    sent_seconds: float,
    items: Collection[str],
    current: str,
    age_seconds: float,
    pitched: Counter[str],
    dice: random.Random,
) -> tuple[str | None, float]:
    """(the key of the product to pitch now, None for none yet; seconds until it is worth asking again).

    A pitch lasts PITCH_SECONDS_MIN at least. While the film shows a product, that one is pitched, if it has its turn among those in
    the film; while it shows none, one of those the film never shows has its turn.
    """
    if current and age_seconds < PITCH_SECONDS_MIN:
        return None, PITCH_SECONDS_MIN - age_seconds
    if film is None:
        return _least_pitched([key for key in items if key != current], pitched, dice), PITCH_SECONDS_MIN
    scene, stays = film.scene_at(sent_seconds)
    shown = {s.product_key for s in film.scenes if s.product_key in items}
    key = scene.product_key if scene else None
    if key is None:
        others = [item for item in items if item not in shown and item != current]
        return _least_pitched(others, pitched, dice), max(stays, LOOK_SECONDS_MIN)
    in_film = min((pitched[other] for other in shown if other and other != current), default=0)
    of_all = min(pitched[item] for item in items)
    its_turn = key in items and key != current and pitched[key] <= min(in_film, of_all + FILM_LEAD)
    return (key if its_turn else None), max(stays, LOOK_SECONDS_MIN)


def _least_pitched(keys: list[str], pitched: Counter[str], dice: random.Random) -> str | None:
    if not keys:
        return None
    least = min(pitched[key] for key in keys)
    return dice.choice([key for key in keys if pitched[key] == least])
