"""Chat lines: cleaned, limited, kept, moderated."""
