def load_theme(name: str) -> str:
    module = __import__(name)
    return getattr(module, "TITLE", module.__name__)
