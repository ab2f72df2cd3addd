import re

LINE = re.compile(r"^(([a-z]+)-?)+=(on|off)$")
TEXT = """beta-search=on
dark-mode=off"""


def parsed(text: str) -> dict[str, bool]:
    result = {}
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            name, _, value = line.partition("=")
            result[name] = value == "on"
    return result


FLAGS = parsed(TEXT)
