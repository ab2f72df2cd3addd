from pydantic import BaseModel, Field


class Filter(BaseModel):
    region: str = Field(min_length=1, max_length=80)
    year: int = Field(ge=2000)


class ReportRequest(BaseModel):
    title: str
    filter: Filter
