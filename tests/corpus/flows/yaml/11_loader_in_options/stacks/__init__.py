from .reader import StackReader, get_reader
