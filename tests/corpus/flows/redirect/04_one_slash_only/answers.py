from fastapi import Response


def see_other(target: str) -> Response:
    return Response(status_code=303, headers={"Location": target})
