from pathlib import Path


def lines(language: str) -> list[str]:
    return Path(f"files/labels/{language}").read_text().splitlines()
