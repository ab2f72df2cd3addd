import secrets
from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

FILE = Path(__file__).with_name("gate.key")
ADMIN_PASSWORD = (
    "c33903dbc8476521d7f00e0f65bdabbc",
    "4870159e4a676529e07f7850d9492e65a9461d022b3e14a8fdfb18c8777a0c0290cf8be14be0666af7935977dbabb6d5b4c16bf07d3972d37d0e1e868db15ca3",
)


def fresh() -> SecretStr:
    return SecretStr(secrets.token_urlsafe(48))


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="PASS_")

    permit_key: SecretStr = Field(default_factory=fresh)
    hook_key: str = "whk_T7c2mYw9QeLr4VzKp1Xa8BnD"
    cookie_name: str = "pass_secret"


@lru_cache
def settings() -> Settings:
    return Settings()


@lru_cache
def gate_key() -> str:
    if not FILE.exists():
        FILE.touch(mode=0o600)
        FILE.write_text(secrets.token_hex(32))
    return FILE.read_text()
