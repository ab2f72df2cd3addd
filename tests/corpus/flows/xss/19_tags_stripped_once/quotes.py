import re

TAG = re.compile(r"<[^<>]*>")


class Quote:
    def __init__(self, text: str) -> None:
        self.text = TAG.sub("", text)

    def html(self) -> str:
        lines = [f"<span>{line}</span>" for line in self.text.splitlines()]
        return "<blockquote>" + "<br>".join(lines) + "</blockquote>"
