from fastapi import FastAPI

from tokens import ResetTokens

app = FastAPI()
resets = ResetTokens()


@app.post("/reset")
def reset(email: str):
    token, delay = resets.new(email)
    return {"token": token, "retry_after": delay}
