"""Definitions of the board's derived figures. Pure. PV = times, UV = distinct people; a share of nobody is 0.

| figure | definition |
|---|---|
| GMV created, paid, net | order amounts placed; paid; paid minus refunded, of orders whose source is this broadcast |
| GPM | paid GMV x 1000 / views PV |
| UV value | paid GMV / viewers UV |
| average order (客单价) | paid GMV / paying buyers |
| stay (人均停留) | watch seconds / viewers UV; watch time is the sum of gaps of at most 30 s between sightings |
| interact rate (互动率) | distinct viewers who commented, liked or followed / viewers UV |
| follow rate (转粉率) | new followers / viewers UV who were not followers when the broadcast began |
"""

from __future__ import annotations


def per(total: int, count: int) -> int:
    """`total / count` rounded half up to a whole number; 0 for no count."""
    return (2 * total + count) // (2 * count) if count > 0 else 0


def per_thousand(total_fen: int, views_pv: int) -> int:
    """Fen a thousand views."""
    return per(total_fen * 1000, views_pv)


def share(part: int, whole: int) -> float:
    """0..1, four decimals."""
    return round(part / whole, 4) if whole > 0 else 0.0


def seconds_each(total_ms: int, count: int) -> float:
    """Average seconds with one decimal."""
    return round(total_ms / 1000 / count, 1) if count > 0 else 0.0
