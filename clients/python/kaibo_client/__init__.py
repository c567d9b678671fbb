"""The Kaibo API for programs: a connection, pages, idempotent creation, problems, webhooks."""

from kaibo_client.calls import KaiboProblem, call, connect, create, every
from kaibo_client.webhooks import WebhookForged, verify_webhook

__all__ = ["KaiboProblem", "WebhookForged", "call", "connect", "create", "every", "verify_webhook"]
