from functools import lru_cache

from jinja2 import Environment

_env = Environment(autoescape=True)
_signed = _env.from_string("Dear {{ name }},\nyours, {{ signature }}")


@lru_cache(maxsize=64)
def _layout(greeting: str):
    return _env.from_string(greeting + " {{ name }},\n\nyour order is on its way.")


def compose(greeting: str, name: str) -> str:
    try:
        return _layout(greeting).render(name=name)
    except Exception:
        return ""


def sign(name: str, signature: str) -> str:
    return _signed.render(name=name, signature=signature)


def render(line: str) -> str:
    source = "%s -- {{ company }}" % line
    return _env.from_string(source).render(company="Northwind")
