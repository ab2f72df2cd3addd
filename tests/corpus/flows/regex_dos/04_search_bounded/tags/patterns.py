WORD = r"[a-z0-9]+"
LIST = rf"{WORD}(?:,{WORD})*"
