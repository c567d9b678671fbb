"""Pictures: checked, stripped, resized, kept by content."""
