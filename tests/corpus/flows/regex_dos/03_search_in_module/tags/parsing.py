import re

from .patterns import LIST


def split_tags(text: str) -> list[str]:
    if re.fullmatch(LIST, text) is None:
        return []
    return [tag.strip() for tag in text.split(",")]
