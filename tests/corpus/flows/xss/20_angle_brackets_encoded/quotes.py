CODES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Quote:
    def __init__(self, text: str) -> None:
        self.text = text.translate(CODES)

    def html(self) -> str:
        lines = [f"<span>{line}</span>" for line in self.text.splitlines()]
        return "<blockquote>" + "<br>".join(lines) + "</blockquote>"
