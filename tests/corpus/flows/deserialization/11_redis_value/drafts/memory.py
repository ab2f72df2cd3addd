import pickle
from typing import Any

_values: dict[str, bytes] = {}


class MemoryBackend:
    async def set(self, key: str, value: bytes) -> None:
        _values[key] = value

    async def get(self, key: str) -> Any:
        value = _values.get(key)
        return None if value is None else pickle.loads(value)


async def backend() -> MemoryBackend:
    return MemoryBackend()
