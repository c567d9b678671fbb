"""A deterministic simulation of the trade wing: see docs/simulation.md, and `python -m tests.simulation --help`."""
