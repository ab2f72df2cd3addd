TEMPLATE = """class {name}:
    fields = {fields!r}
"""


def build_class(name: str, fields: list[str]) -> dict:
    namespace: dict = {}
    source = TEMPLATE.format(name=name, fields=fields)
    exec(source, namespace)
    return {key: value for key, value in namespace.items() if not key.startswith("__")}
