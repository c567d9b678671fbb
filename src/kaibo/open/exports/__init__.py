"""Orders and products as files, made in the background."""
