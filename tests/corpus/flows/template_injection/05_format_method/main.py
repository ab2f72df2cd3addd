from fastapi import Body, FastAPI

from catalogue import Product

app = FastAPI()
PRODUCT = Product("Lamp", 12.5)


@app.post("/labels")
def label(template: str = Body(embed=True)):
    try:
        return {"label": template.format(product=PRODUCT)}
    except (KeyError, IndexError, AttributeError, ValueError):
        return {"label": ""}
