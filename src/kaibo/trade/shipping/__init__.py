"""Parcels: what went into which, with whom they travel, and what the carrier says of them."""
