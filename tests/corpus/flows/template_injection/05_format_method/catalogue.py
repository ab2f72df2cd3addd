from types import SimpleNamespace

SETTINGS = SimpleNamespace(key="pk-live-7713")


class Product:
    def __init__(self, name: str, price: float) -> None:
        self.name = name
        self.price = price
