def number(text: str):
    try:
        return int(text)
    except ValueError:
        return text
