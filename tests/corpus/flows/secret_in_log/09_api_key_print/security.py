from dataclasses import dataclass

from fastapi import HTTPException, Security
from fastapi.security import APIKeyHeader

api_key = APIKeyHeader(name="x-api-key")


@dataclass
class Client:
    name: str


CLIENTS: dict[str, Client] = {}


def current_client(key: str = Security(api_key)) -> Client:
    client = CLIENTS.get(key)
    if client is None:
        print(f"unknown api key {key}")
        raise HTTPException(401, "unknown key")
    return client
