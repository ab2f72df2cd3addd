from jinja2 import DictLoader, Environment

_sources: dict[str, str] = {"welcome": "Hello"}
_environment = Environment(loader=DictLoader(_sources), autoescape=True)


def save(name: str, source: str) -> None:
    _sources[name] = source


def render(name: str, **context: str) -> str:
    return _environment.get_template(name).render(**context)
