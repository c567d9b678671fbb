"""The compensation fund pays in a merchant's place and takes it back: from the deposit, then from what the merchant earns next.

Buyers are also owed what no refund of a payment can carry (return freight, compensation beyond the price): see `payouts`.
"""
