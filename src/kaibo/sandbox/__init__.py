"""Stand-ins for outside parties, each its own process, shaped like the real one and able to misbehave on purpose.

Imports nothing from the rest of Kaibo: a stand-in that shared code with the adapter it answers would agree with its
mistakes.
"""
