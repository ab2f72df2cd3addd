from urllib.parse import unquote

from jinja2 import Environment, select_autoescape

FOOTER = "<footer>{{ name }}</footer>"


class Theme:
    def __init__(self, name: str) -> None:
        self.name = name
        self.environment = Environment(autoescape=select_autoescape(default=True))

    def error(self, status: int, path: str) -> str:
        source = "<h1>{{ status }}</h1><p>{{ path }} is not here</p>" + FOOTER
        template = self.environment.from_string(source)
        return template.render(status=status, path=unquote(path), name=self.name)
