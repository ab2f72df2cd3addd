"""How rules of accessentication repair what they found, where that takes more than a few lines."""
