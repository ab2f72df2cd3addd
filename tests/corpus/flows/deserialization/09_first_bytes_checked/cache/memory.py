import pickle
from collections import UserDict


class MemoryCache(UserDict):
    def __setitem__(self, key: str, value: bytes) -> None:
        if not value.startswith(b"\x80"):
            raise ValueError("not a cache entry")
        self.data[key] = value

    def size(self, key: str) -> int:
        entry = self.data[key]
        return len(pickle.loads(entry))
