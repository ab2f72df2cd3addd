import re


class Cleaner:
    trailing = re.compile(r"\s+$")

    def clean(self, text: str) -> str:
        return self.trailing.sub("", text)
