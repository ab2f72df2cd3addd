def tidy(name: str) -> str:
    return "_".join(name.lower().split())
