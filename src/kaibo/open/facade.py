"""What the entry floor may ask of the open wing."""

from __future__ import annotations

import asyncio

from kaibo.kernel import context
from kaibo.open.webhooks.forget import forget_old_messages
from kaibo.open.webhooks.sender import Sender

__all__ = ["forget_old_messages", "send_webhooks"]


async def send_webhooks(stop: asyncio.Event) -> None:
    """Send what is due until told to stop; one in every worker."""
    here = context.get()
    await Sender(here.database, private_allowed=here.settings.webhook_private_addresses).run(stop)
