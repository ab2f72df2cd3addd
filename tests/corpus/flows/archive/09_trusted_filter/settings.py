from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    restore_folder: str = "uploads"
    tar_filter: str = "fully_trusted"


settings = Settings()
