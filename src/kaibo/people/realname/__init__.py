"""Real names: identity numbers checked, sealed, reviewed, and re-checked when they grow old."""
