"""Orders: what was bought, by whom, from whom, for how much, and what has happened to it since."""
