from pydantic import BaseModel, ConfigDict, Field


class Base(BaseModel):
    model_config = ConfigDict(regex_engine="python-re", str_strip_whitespace=True)


class Release(Base):
    version: str = Field(pattern=r"^(\d+\.?)+$")
