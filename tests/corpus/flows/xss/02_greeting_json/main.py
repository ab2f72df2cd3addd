from fastapi import FastAPI

app = FastAPI()


@app.get("/hello")
def hello(name: str = "friend"):
    return f"<h1>Hello {name}</h1>"
