def cleaned(document: dict) -> dict:
    return {key: value for key, value in document.items() if not key.startswith("$")}
