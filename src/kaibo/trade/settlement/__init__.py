"""Settlement: when the after-sales window is over, the order's money goes to those who earned it.

Merchant, creator and platform by the rates frozen on the order's lines, split by largest remainder (`orders/rules.py`).
An order without a creator leaves the commission with the merchant.
"""
