from fastapi import Depends, FastAPI, Form

from prices import PriceList, price_list

app = FastAPI()


@app.post("/prices")
def prices(sku: str = Form(), prices: PriceList = Depends(price_list)):
    return {"prices": prices.find(sku)}
