"""What can go wrong with media that came from outside. Every fault ends one connection and never the process."""

from __future__ import annotations


class MediaFault(Exception):
    """The other side sent something we refuse. The text names what was wrong and, where possible, what to do."""


class ProtocolFault(MediaFault):
    """The bytes break RTMP, AMF0, FLV, H.264 or AAC framing; nothing after them on this connection can be trusted."""


class Refused(MediaFault):
    """A well-formed request we turn down; `code` is the NetStream/NetConnection status code sent back."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
