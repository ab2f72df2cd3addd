"""What is known of packages by name, kept apart from the rules that read it."""
