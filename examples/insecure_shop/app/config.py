"""Settings of the shop, read from the environment and the project's .env file."""

import secrets
from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

APP_DIR = Path(__file__).resolve().parent
PROJECT_DIR = APP_DIR.parent


class Settings(BaseSettings):
    """Everything that differs between the laptop and the server."""

    model_config = SettingsConfigDict(
        env_prefix="SHOP_", env_file=PROJECT_DIR / ".env", extra="ignore"
    )

    title: str = "Acorn & Oak"
    database_url: str = f"sqlite+aiosqlite:///{PROJECT_DIR / 'shop.db'}"

    jwt_secret: str = "acorn-oak-2023"
    jwt_algorithm: str = "HS256"
    jwt_minutes: int = 60
    session_secret: str = Field(default_factory=lambda: secrets.token_urlsafe(48))
    webhook_secret: str = Field(default_factory=lambda: secrets.token_hex(32))
    finance_password: str = Field(default_factory=lambda: secrets.token_urlsafe(24))
    partner_key_sha256: str = "e3abb4dd08e4aa402f0d14e633a55292da9c15ef160df97faee0d6f95ce8936c"
    internal_key: str = Field(default_factory=lambda: secrets.token_urlsafe(32))
    till_pins: dict[str, str] = {}
    feed_key: str = Field(default_factory=lambda: secrets.token_urlsafe(24))

    carrier_url: str = "https://api.parcels.example/v2/track"
    rates_url: str = "https://rates.acorn-oak.example/daily.json"
    image_hosts: frozenset[str] = frozenset({"images.acorn-oak.example", "cdn.acorn-oak.example"})
    site_origins: frozenset[str] = frozenset({"https://www.acorn-oak.example"})

    media_dir: Path = PROJECT_DIR / "media"
    upload_dir: Path = PROJECT_DIR / "uploads"
    export_dir: Path = PROJECT_DIR / "exports"


@lru_cache
def get_settings() -> Settings:
    """The one Settings object of this process."""
    return Settings()


settings = get_settings()
