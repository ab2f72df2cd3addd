"""What the application tells of its own security: events, where they go, and who is woken by them."""
