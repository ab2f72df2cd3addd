from jinja2 import Environment, FileSystemLoader


class Renderer:
    def __init__(self, folder: str) -> None:
        self.environment = Environment(loader=FileSystemLoader(folder), trim_blocks=True)

    def __call__(self, name: str, **context) -> str:
        return self.environment.get_template(name).render(**context)
