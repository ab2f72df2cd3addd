from .parsing import split_tags
