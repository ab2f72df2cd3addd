from fastapi import FastAPI

from access_log import access_log

app = FastAPI()
app.middleware("http")(access_log)


@app.get("/")
def home():
    return {"ok": True}
