"""Signed calls to other people's servers, following the Standard Webhooks specification (standardwebhooks.com)."""
