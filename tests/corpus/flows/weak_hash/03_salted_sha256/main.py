from fastapi import Depends, FastAPI
from pydantic import BaseModel, SecretStr

from identity import Accounts, accounts

app = FastAPI()


class User(BaseModel):
    name: str
    password: SecretStr


@app.post("/users")
def create(user: User, store: Accounts = Depends(accounts)):
    store.add(user.name, user.password.get_secret_value())
    return {"name": user.name}
