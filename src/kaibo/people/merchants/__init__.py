"""Merchants (legal persons) and their shops: application, review."""
