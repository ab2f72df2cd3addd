from fastapi import FastAPI, HTTPException

from units import load_units

app = FastAPI()
UNITS = load_units("units.xml")


@app.get("/units/{symbol}")
def unit(symbol: str):
    if symbol not in UNITS:
        raise HTTPException(404)
    return {"name": UNITS[symbol]}
