from mako.template import Template


class SubjectLine:
    def __init__(self, text: str) -> None:
        self._template = Template(text)

    def __str__(self) -> str:
        return self._template.render(shop="Lamps").strip()
