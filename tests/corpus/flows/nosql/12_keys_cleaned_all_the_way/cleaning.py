class OperatorError(ValueError):
    pass


def refuse_operators(value) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.startswith("$"):
                raise OperatorError(key)
            refuse_operators(inner)
    elif isinstance(value, list):
        for inner in value:
            refuse_operators(inner)
