from markupsafe import escape

entries: list[str] = []


def items():
    for entry in reversed(entries):
        yield "<li>" + str(escape(entry)) + "</li>"
