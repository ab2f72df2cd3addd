from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TEA_")

    mongo_url: str = (
        "mongodb://mongo-0.internal:27017,mongo-1.internal:27017/harbour"
        "?replicaSet=rs0&tls=true&retryWrites=true&w=majority"
    )
    session_minutes: int = 240
    sign_in_tries: int = 8


settings = Settings()
