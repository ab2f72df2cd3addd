"""From what changed to who is told: routes, channels, deliveries."""
