from fastapi import Body, FastAPI, HTTPException

from store import USERS

app = FastAPI()


@app.patch("/users/{number}")
def update(number: int, changes: dict = Body()):
    user = USERS.get(number)
    if user is None:
        raise HTTPException(404)
    for name, value in changes.items():
        setattr(user, name, value)
    return vars(user)
