"""Benchmarks. Each prints a ratio against a baseline measured in the same run; bin/bench prints them all as a table."""
