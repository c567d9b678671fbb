"""Stream keys, the media hooks, and what they report: streams and recordings."""
