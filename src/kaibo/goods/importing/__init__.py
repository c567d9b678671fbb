"""Products from a CSV file: the good rows in, every bad one named."""
