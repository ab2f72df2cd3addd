"""Settings of the shop. Secrets come from the environment; a process without them makes its own."""

import secrets
from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

APP_DIR = Path(__file__).resolve().parent
PROJECT_DIR = APP_DIR.parent


def fresh_secret() -> SecretStr:
    """64 random bytes for a process that was given no secret; its tokens end with it."""
    return SecretStr(secrets.token_urlsafe(64))


class Settings(BaseSettings):
    """Everything that differs between the laptop and the server."""

    model_config = SettingsConfigDict(env_prefix="SHOP_", extra="ignore")

    title: str = "Acorn & Oak"
    public_url: str = "https://www.acorn-oak.example"
    development: bool = False
    https_redirect: bool = False
    database_url: str = f"sqlite+aiosqlite:///{PROJECT_DIR / 'shop.db'}"
    upload_dir: Path = PROJECT_DIR / "uploads"

    secret: SecretStr = Field(default_factory=fresh_secret, min_length=43)
    webhook_secret: SecretStr = Field(default_factory=fresh_secret, min_length=43)
    password_memory: str = "19 MiB"
    password_passes: int = Field(default=2, ge=2, le=16)

    allowed_hosts: list[str] = ["www.acorn-oak.example", "localhost", "127.0.0.1", "testserver"]
    site_origins: list[str] = ["https://www.acorn-oak.example"]
    image_hosts: frozenset[str] = frozenset({"images.acorn-oak.example", "cdn.acorn-oak.example"})

    max_body: int = 256 * 1024
    max_upload: int = 200 * 1024


@lru_cache
def get_settings() -> Settings:
    """The one Settings object of this process."""
    return Settings()


settings = get_settings()
