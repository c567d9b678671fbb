"""Delivery addresses, and reading one out of pasted text."""
