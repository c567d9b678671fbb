"""The crew of a live room."""
