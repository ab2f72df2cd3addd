WORD = r"(?:[a-z0-9]|[a-z]|\d)+"
LIST = rf"(?:{WORD},?)+"
