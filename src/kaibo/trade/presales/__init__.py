"""Presales: a deposit now, the balance in a later window, the goods after that (ADR 11, docs/journeys/presale.md)."""
