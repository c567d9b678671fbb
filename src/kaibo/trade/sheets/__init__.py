"""Orders as a table, and parcels out of one."""
