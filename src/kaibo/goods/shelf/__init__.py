"""What buyers can find: approved products, by words, category and shop."""
