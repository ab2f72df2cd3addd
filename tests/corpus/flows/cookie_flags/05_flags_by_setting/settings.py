from functools import lru_cache

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    cookie_name: str = "session"
    cookie_secure: bool = False


@lru_cache
def get_settings() -> Settings:
    return Settings()
