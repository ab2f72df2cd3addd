import subprocess
from typing import Annotated

from fastapi import Depends, FastAPI

from checks import plain_domain

app = FastAPI()


@app.get("/whois/{domain}")
def whois(name: Annotated[str, Depends(plain_domain)]):
    return {"answer": subprocess.check_output(("whois", name), text=True)}
