from fastapi import APIRouter, Depends, FastAPI

from navigation import Navigator

router = APIRouter()


def navigator() -> Navigator:
    return Navigator(home="/")


@router.get("/continue")
def resume(to: str = "/", nav: Navigator = Depends(navigator)):
    return nav.go(to)


app = FastAPI()
app.include_router(router)
