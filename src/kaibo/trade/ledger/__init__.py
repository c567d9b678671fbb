"""The ledger: double entry in fen, append-only.

A transaction moves money between accounts; its entries sum to zero. `fen` is positive where the account gains and negative
where it gives. A balance is the sum of an account's entries and is stored nowhere, so it cannot be edited.

| account | owner | its balance is |
|---|---|---|
| `gateway` | none | the outside world seen from here: minus what the payment provider holds for us. Never positive |
| `escrow` | shop | paid by buyers, not yet settled |
| `refunds_payable` | none | promised to buyers, not yet given back by the provider |
| `merchant_payable` | shop | settled, the merchant may withdraw it |
| `creator_commission` | person | earned by the creator who sold |
| `platform_fee` | none | the platform's own |

| transaction | from | to |
|---|---|---|
| `payment` | gateway | escrow |
| `late_payment` | gateway | refunds_payable (the order was no longer waiting) |
| `refund_promised` | escrow | refunds_payable |
| `refund_paid` | refunds_payable | gateway |
| `settlement` | escrow | merchant_payable, creator_commission, platform_fee |

Every account but `gateway` is never below zero. `post.py` is the only writer; `guards.py` makes PostgreSQL refuse everything
else; `check.py` recomputes the whole.
"""
