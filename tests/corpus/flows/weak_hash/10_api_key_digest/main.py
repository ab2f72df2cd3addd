import hashlib
import hmac
import secrets

from fastapi import FastAPI, Header, HTTPException

app = FastAPI()


def digest_of(api_key: str) -> str:
    return hashlib.sha256(api_key.encode()).hexdigest()


ISSUED = {digest_of(secrets.token_urlsafe(32))}


@app.get("/data")
def data(x_api_key: str = Header()):
    wanted = digest_of(x_api_key)
    if not any(hmac.compare_digest(wanted, known) for known in ISSUED):
        raise HTTPException(401, "unknown key")
    return {"ok": True}
