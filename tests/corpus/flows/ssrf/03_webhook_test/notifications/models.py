from pydantic import BaseModel, HttpUrl


class Subscription(BaseModel):
    event: str
    callback: HttpUrl
