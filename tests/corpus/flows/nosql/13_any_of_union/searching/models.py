from pydantic import BaseModel


class Term(BaseModel):
    field: str
    value: str | dict


class Search(BaseModel):
    terms: list[Term] = []
