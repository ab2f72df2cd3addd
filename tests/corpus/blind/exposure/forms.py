from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute


class FormRoute(APIRoute):
    def get_route_handler(self):
        handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError as error:
                fields = [".".join(map(str, item["loc"])) for item in error.errors()]
                return JSONResponse({"detail": "check these fields", "fields": fields}, 422)

        return answer
