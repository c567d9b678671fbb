"""Points: earned on what was paid, spent like money, paid for by the platform. docs/points.md tells the whole of it."""
