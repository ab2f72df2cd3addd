from string import Template

from fastapi import Body, FastAPI

from catalogue import Product

app = FastAPI()
PRODUCT = Product("Lamp", 12.5)


@app.post("/labels")
def label(template: str = Body(embed=True)):
    values = {"name": PRODUCT.name, "price": f"{PRODUCT.price:.2f}"}
    return {"label": Template(template).safe_substitute(values)}
