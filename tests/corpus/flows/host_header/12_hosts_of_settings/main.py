from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from exports.routes import router
from settings import ALLOWED_HOSTS

app = FastAPI()
app.add_middleware(TrustedHostMiddleware, allowed_hosts=ALLOWED_HOSTS)
app.include_router(router, prefix="/export")
