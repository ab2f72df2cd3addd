from fastapi import FastAPI

from invitations import router

app = FastAPI()
app.include_router(router, prefix="/teams/{team}")
