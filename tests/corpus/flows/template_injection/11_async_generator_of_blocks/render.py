import jinja2

environment = jinja2.Environment(autoescape=True)


def render(source: str) -> str:
    return environment.from_string(source).render(site="Shop")
