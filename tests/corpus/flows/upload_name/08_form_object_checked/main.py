from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from targets import FOLDER, target_for


async def documents(request):
    async with request.form() as form:
        document = form["document"]
        try:
            target = target_for(document.filename)
        except ValueError:
            raise HTTPException(400, "bad name") from None
        target.write_bytes(await document.read())
    return JSONResponse({"folder": FOLDER.name})


app = Starlette(routes=[Route("/documents", documents, methods=["POST"])])
