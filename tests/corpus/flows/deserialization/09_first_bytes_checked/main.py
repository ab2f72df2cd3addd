from fastapi import APIRouter, FastAPI, Request

from cache.memory import MemoryCache

router = APIRouter(prefix="/cache")
cache = MemoryCache()


@router.put("/{key}")
async def put(key: str, request: Request):
    cache[key] = await request.body()
    return {"size": cache.size(key)}


app = FastAPI()
app.include_router(router)
