from cryptography.fernet import Fernet
from fastapi import Body, FastAPI

app = FastAPI()
box = Fernet(Fernet.generate_key())


@app.post("/tokens")
def token(text: str = Body(embed=True)):
    return {"data": box.encrypt(text.encode()).decode()}
