from dataclasses import dataclass


@dataclass
class Blob:
    type: str
    data: bytes

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Original-Type": self.type, "X-Size": str(len(self.data))}


blobs: dict[int, Blob] = {}
