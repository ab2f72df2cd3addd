def one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")
