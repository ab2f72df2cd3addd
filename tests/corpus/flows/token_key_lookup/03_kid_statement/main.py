from fastapi import Depends, FastAPI

from tokens import Verifier, verifier

app = FastAPI()


@app.get("/me")
def me(user: dict = Depends(verifier)):
    return {"sub": user["sub"]}
