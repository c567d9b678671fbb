"""Every day's payments held against the provider's own statement. Each difference is named, and somebody works it off."""
