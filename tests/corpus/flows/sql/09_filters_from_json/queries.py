def where_of(wanted: dict) -> tuple[str, list]:
    parts, values = [], []
    for column, value in wanted.items():
        parts.append(f"{column} = ?")
        values.append(value)
    return " AND ".join(parts) or "1 = 1", values
