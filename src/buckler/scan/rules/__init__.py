"""One file for each weakness, in folders by family."""
