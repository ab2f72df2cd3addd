from fastapi import Depends, FastAPI, HTTPException

from quotes import QuoteError, Quotes

app = FastAPI()


@app.get("/quotes/{symbol}")
def quote(symbol: str, quotes: Quotes = Depends(Quotes)):
    try:
        return quotes.last(symbol)
    except QuoteError as error:
        detail = {"symbol": symbol, "because": QuoteError.text}
        raise HTTPException(503, detail) from error
