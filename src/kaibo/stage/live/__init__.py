"""The room as it happens: one owner a room gathers everything and emits ticks and controls."""
