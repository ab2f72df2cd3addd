from subprocess import PIPE, Popen

from fastapi import APIRouter, FastAPI

router = APIRouter()


@router.get("/{domain}")
def whois(domain: str):
    domain = domain.lower()
    domain.lstrip("-")
    with Popen(["whois", domain], stdout=PIPE, text=True) as process:
        answer, _ = process.communicate(timeout=20)
    return {"answer": answer}


app = FastAPI()
app.include_router(router, prefix="/whois")
