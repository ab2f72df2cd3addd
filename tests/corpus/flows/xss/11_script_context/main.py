import html

from fastapi import FastAPI, Response

from charts import chart_page

app = FastAPI()


@app.get("/chart")
def chart(points: str = "1"):
    return Response(chart_page(html.escape(points)), media_type="text/html")
