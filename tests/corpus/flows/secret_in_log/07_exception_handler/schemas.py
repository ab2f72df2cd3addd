from pydantic import BaseModel, Field


class Card(BaseModel):
    number: str = Field(min_length=100, description="card number")
    cvc: str
