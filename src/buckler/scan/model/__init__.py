"""What is known of an application."""
