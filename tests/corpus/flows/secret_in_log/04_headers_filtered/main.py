from fastapi import FastAPI

from observability import install

app = FastAPI()
install(app)


@app.get("/")
def home():
    return {"ok": True}
