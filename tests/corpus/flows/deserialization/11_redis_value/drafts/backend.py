from typing import Any, Protocol


class Backend(Protocol):
    async def set(self, key: str, value: bytes) -> None: ...

    async def get(self, key: str) -> Any: ...
