"""Persons, how they sign in, what they may do, and what is kept when they leave."""
