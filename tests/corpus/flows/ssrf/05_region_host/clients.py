import requests


class StatusClient:
    def __init__(self, region: str) -> None:
        self.base = f"https://{region}.status.example"

    def fetch(self) -> dict:
        return requests.get(self.base, timeout=4).json()
