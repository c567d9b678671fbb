"""Kaibo 开播: a self-hosted live-commerce platform. The wings, floor by floor, are described in ARCHITECTURE.md."""

__version__ = "0.1.0"
