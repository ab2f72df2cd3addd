import re


def slug(title: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "-", title).strip("-")[:60]
