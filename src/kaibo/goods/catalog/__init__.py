"""Products, SKUs and categories; what a merchant writes and a reviewer decides."""
