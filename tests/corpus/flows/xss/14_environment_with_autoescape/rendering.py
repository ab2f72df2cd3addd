from jinja2 import Environment, FileSystemLoader, select_autoescape


class Renderer:
    def __init__(self, folder: str) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(["html", "xml"]),
        )

    def __call__(self, name: str, **context) -> str:
        return self.environment.get_template(name).render(**context)
