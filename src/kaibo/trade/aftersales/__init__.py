"""After-sales: a case from the buyer's wish to its end. Every decision names who took it, why, and under which rule."""
