from functools import lru_cache

from pydantic import HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DEPOT_")

    signing_key: SecretStr
    public_url: HttpUrl
    region: str
    token_minutes: int = 30
    partner_origins: list[str] = ["https://partner.northwind.example"]


@lru_cache
def get_settings() -> Settings:
    return Settings()
