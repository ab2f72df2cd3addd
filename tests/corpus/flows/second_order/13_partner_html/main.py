import requests
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from cards import card

app = FastAPI()


@app.get("/weather", response_class=HTMLResponse)
def weather():
    days = requests.get("https://weather.example/v1", timeout=4).json()["days"]
    return "\n".join(map(card, days))
