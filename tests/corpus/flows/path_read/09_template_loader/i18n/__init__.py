from .load import Translations
