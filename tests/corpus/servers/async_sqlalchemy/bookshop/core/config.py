from functools import lru_cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="BOOKSHOP_", env_file=".env", extra="ignore")

    project_name: str = "Lantern Books"
    database_url: str = "postgresql+asyncpg://bookshop:wick-and-oil@db:5432/bookshop"
    db_echo: bool = False
    db_pool_size: int = 5

    secret_key: str = "lantern-books-api-signing-key-of-2024"
    algorithm: str = "HS256"
    access_token_expire_minutes: int = 45


@lru_cache
def get_settings() -> Settings:
    return Settings()


settings = get_settings()
