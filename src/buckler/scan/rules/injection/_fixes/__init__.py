"""How rules of injection repair what they found, where that takes more than a few lines."""
