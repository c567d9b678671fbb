"""The ledger: double entry in fen, append-only.

A transaction moves money between accounts; its entries sum to zero and are of one currency. `fen` is positive where the account
gains and negative where it gives. A balance is the sum of an account's entries and is stored nowhere, so it cannot be edited;
roll-ups (`rollup.py`) only shorten the adding up. What is to move later is held (`hold.py`) and then posted or voided.

`accounts.py` is the account plan as data and docs/ledger.md explains it with examples. Only `post.py` and `hold.py` write;
`guards.py` and the rights of the application's role make PostgreSQL refuse everything else; `check.py` recomputes the whole.
"""
