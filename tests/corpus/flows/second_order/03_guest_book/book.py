entries: list[str] = []


def items():
    for entry in reversed(entries):
        yield "<li>" + entry + "</li>"
