from fastapi import Body, FastAPI

from schemes import CURRENT, SCHEMES

app = FastAPI()
stored: dict[str, tuple[int, str]] = {}


@app.put("/password")
def change(new_password: str = Body(embed=True, min_length=1)):
    encode = SCHEMES[CURRENT]
    stored["me"] = (CURRENT, encode(new_password))
    return {"scheme": CURRENT}
