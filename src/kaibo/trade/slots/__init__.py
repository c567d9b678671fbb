"""The money of slot fee contracts: held when both have signed, divided by what was measured."""
