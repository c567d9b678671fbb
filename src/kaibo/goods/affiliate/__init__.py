"""Affiliate selling: plans and rates, the selection square, samples, slot contracts, showcases, touches."""
