"""The demo world: three shops from real trades, their pictures and films, all drawn by code.

Owns nothing in the database and is absent unless asked for. Everything here is invented: the merchants, the
licence numbers and the people do not exist.
"""
