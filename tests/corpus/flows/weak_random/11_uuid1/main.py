from fastapi import FastAPI

from tokens import ResetTokens

app = FastAPI()
resets = ResetTokens()


@app.post("/reset")
def reset(email: str):
    return {"token": resets.new(email)}
