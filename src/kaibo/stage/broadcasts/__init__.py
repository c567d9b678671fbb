"""One go-live from draft to its end, and what the law wants before it."""
