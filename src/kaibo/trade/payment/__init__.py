"""Payment: the charge and the refund at the provider, and what the provider tells us about them.

The provider is asked outside of any transaction. So every call has three steps, each of which may be the last one before a
power cut: the intention is a committed row with a timer; then the call; then the outcome in a transaction of its own. Whatever
is left behind, the timer finds it and asks the provider how it stands (`resolve.py`, `send_refund.py`).

Locks are always taken in the same order: the order, its charge or refund, stock, ledger.
"""
