from .stream import rows_of
