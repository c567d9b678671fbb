"""Prices for a period: on the shelf or in one room; with pieces and a cap of their own; and what lawfully stands struck beside."""
