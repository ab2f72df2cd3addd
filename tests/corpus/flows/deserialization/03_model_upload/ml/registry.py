import io

from . import serial


class ModelRegistry:
    def __init__(self) -> None:
        self.models = []

    def add(self, name: str | None, content: bytes) -> int:
        model = serial.load(io.BytesIO(content))
        self.models.append((name, model))
        return len(self.models)
