from urllib.parse import urlparse

import requests
from fastapi import Body, FastAPI, HTTPException

app = FastAPI()


def allowed(url: str) -> bool:
    parsed = urlparse(url)
    host = parsed.hostname or ""
    return parsed.scheme == "https" and "\\" not in url and host.endswith(".partner.example")


@app.post("/images")
def image(url: str = Body(embed=True)):
    if not allowed(url):
        raise HTTPException(400, "host not allowed")
    try:
        return {"size": len(requests.get(url, timeout=5, allow_redirects=False).content)}
    except requests.RequestException:
        return {"size": 0}
