from .theme import Theme
