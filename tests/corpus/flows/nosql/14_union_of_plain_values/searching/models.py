from pydantic import BaseModel


class Term(BaseModel):
    field: str
    value: str | int | bool


class Search(BaseModel):
    terms: list[Term] = []
