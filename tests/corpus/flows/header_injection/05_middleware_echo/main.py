from fastapi import FastAPI

from tracing import TraceMiddleware

app = FastAPI()
app.add_middleware(TraceMiddleware, header="x-trace")


@app.get("/")
def home():
    return {"ok": True}
