from fastapi import Body, FastAPI
from pwdlib import PasswordHash

from pictures import picture_of

app = FastAPI()
hasher = PasswordHash.recommended()
stored: dict[str, str] = {}


@app.put("/password")
def change(new_password: str = Body(), email: str = Body()):
    stored[email] = hasher.hash(new_password)
    return {"picture": picture_of(email)}
