import importlib


def class_named(path: str) -> type:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def make(path: str, *args):
    return class_named(path)(*args)
