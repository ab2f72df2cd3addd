def clean_cell(value: str, limit: int) -> str:
    value = value.strip()[:limit]
    if value.startswith("="):
        value = "'" + value
    return value
