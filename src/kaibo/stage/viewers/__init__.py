"""Who watches: entries, presence, likes, follows, what they were shown and clicked."""
