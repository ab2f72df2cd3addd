from pydantic import BaseModel


class SignUp(BaseModel):
    email: str
    role: str = "customer"
    newsletter: bool = False
