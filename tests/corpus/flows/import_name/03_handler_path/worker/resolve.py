from pkgutil import resolve_name


def callable_of(path: str):
    return resolve_name(path)
