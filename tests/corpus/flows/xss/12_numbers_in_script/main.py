import json

from fastapi import FastAPI, Query, Response

app = FastAPI()


@app.get("/chart")
def chart(points: list[float] = Query(default=[1.0])):
    page = "<!doctype html><div id=chart></div><script>draw(" + json.dumps(points) + ")</script>"
    return Response(page, media_type="text/html")
