"""Messages to phones, through a provider that can be replaced."""
