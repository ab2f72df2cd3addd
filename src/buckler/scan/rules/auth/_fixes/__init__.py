"""How rules of authentication repair what they found, where that takes more than a few lines."""
