def sort_key(expression: str):
    return eval("lambda row: " + expression)
