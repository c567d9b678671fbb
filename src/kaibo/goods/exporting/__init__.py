"""Products as a table that can be imported again."""
