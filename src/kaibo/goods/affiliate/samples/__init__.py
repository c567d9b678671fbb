"""Samples (寄样): asked for, sent, received, kept or sent back, each step with who and when."""
