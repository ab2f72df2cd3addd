from pydantic import BaseModel, SecretStr


class Card(BaseModel):
    holder: str
    number: SecretStr
