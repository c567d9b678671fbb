"""Slot fee contracts (坑位费): a fee for a pitch, what it promises, both signatures, and what was measured."""
