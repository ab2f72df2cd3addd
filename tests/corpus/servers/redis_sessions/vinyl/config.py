from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

HERE = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="VINYL_")

    database_url: str = f"sqlite:///{HERE / 'vinyl.db'}"
    redis_url: str = "redis://:thirty-three-rpm@cache.internal:6379/0"
    sleeves: Path = HERE / "sleeves"

    session_minutes: int = 240
    sign_in_tries: int = 8
    sign_in_window: int = 300
    shelf_seconds: int = 60


settings = Settings()
