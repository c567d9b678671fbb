"""Alembic revisions of every wing's schema, in one line. Made with bin/revision, read before they are committed."""
