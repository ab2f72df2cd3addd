from urllib.parse import unquote

from jinja2 import Environment, select_autoescape


class Theme:
    def __init__(self) -> None:
        self.environment = Environment(autoescape=select_autoescape(default=True))

    def error(self, status: int, path: str) -> str:
        source = "<h1>{{ status }}</h1><p>" + unquote(path) + " is not here</p>"
        return self.environment.from_string(source).render(status=status)
