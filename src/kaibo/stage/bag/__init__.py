"""The live bag (小黄车): numbered items of approved products."""
