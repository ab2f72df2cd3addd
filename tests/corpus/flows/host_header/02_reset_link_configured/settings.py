from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    site: str = "https://shop.example"


settings = Settings()
