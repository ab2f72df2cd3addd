from pydantic import BaseModel


class AccountBase(BaseModel):
    email: str
    role: str = "customer"


class SignUp(AccountBase):
    newsletter: bool = False
