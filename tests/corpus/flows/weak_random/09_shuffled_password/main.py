from fastapi import FastAPI

from invitations import first_password

app = FastAPI()


@app.post("/invitations")
def invite(name: str = "ann"):
    return {"name": name, "token": first_password(14)}
