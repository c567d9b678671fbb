"""A shop's daily bills: what came and went on its account in the ledger, day by day in Beijing time. Computed, never stored."""
