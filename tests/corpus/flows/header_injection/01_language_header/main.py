from fastapi import FastAPI, Response

app = FastAPI()


@app.get("/page")
def page(response: Response, lang: str = "en"):
    response.headers["Content-Language"] = lang
    return {"text": "hello"}
