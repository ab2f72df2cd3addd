from abc import ABC, abstractmethod


class Reader(ABC):
    @abstractmethod
    def documents(self, text: str) -> list: ...
