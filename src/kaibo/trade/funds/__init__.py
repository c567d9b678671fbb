"""Money that leaves the house or is put down in it: withdrawals, bank accounts, deposits, and the terms they follow.

A withdrawal is held in the ledger when it is asked for, posted when an operator approves, and paid when the bank has it.
"""
