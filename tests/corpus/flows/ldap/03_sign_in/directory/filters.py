def both(**values: str) -> str:
    parts = ["({}={})".format(name, value) for name, value in values.items()]
    return "(&" + "".join(parts) + ")"
