def number(text: str):
    try:
        value = int(text)
    except ValueError:
        value = 0
    finally:
        text = ""
    return value
