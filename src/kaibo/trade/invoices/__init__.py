"""Invoices (发票): asked for by the buyer, issued by the merchant, reversed (红冲) when money goes back."""
