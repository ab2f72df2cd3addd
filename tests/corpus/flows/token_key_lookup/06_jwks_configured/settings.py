from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    jwks_address: str = "https://login.shop.example/jwks"
    audience: str = "shop"


settings = Settings()
