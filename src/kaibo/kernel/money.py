"""Money is an integer number of fen (0.01 yuan). No float ever touches it."""

from __future__ import annotations

from collections.abc import Sequence

FEN_MAX = 10**13
BPS = 10_000


def split(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Divide `total_fen` in proportion to `weights` so that the parts sum exactly to it.

    Largest-remainder method (Hamilton's): floors first, the left-over fen go to the largest remainders, ties to the earlier part.
    A negative total is split as its absolute value and negated. Raises ValueError for no, negative or all-zero weights.
    """
    if not weights or min(weights) < 0 or sum(weights) == 0:
        raise ValueError(f"weights must be non-negative with a positive sum, got {list(weights)}")
    if total_fen < 0:
        return [-part for part in split(-total_fen, weights)]
    whole = sum(weights)
    parts = [total_fen * w // whole for w in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total_fen * weights[i] % whole), i))
    for i in by_remainder[: total_fen - sum(parts)]:
        parts[i] += 1
    return parts


def bps_of(amount_fen: int, bps: int) -> int:
    """`bps` basis points of `amount_fen`, rounded down (towards zero) to whole fen, the remainder staying with the payer."""
    if bps < 0 or bps > BPS:
        raise ValueError(f"basis points must lie in 0..{BPS}, got {bps}")
    part = abs(amount_fen) * bps // BPS
    return part if amount_fen >= 0 else -part


def yuan(fen: int) -> str:
    """`2990` -> `29.90`; always two decimals, so that ¥29.90 never stands beside ¥29.9."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"
