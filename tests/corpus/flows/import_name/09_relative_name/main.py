from fastapi import Depends, FastAPI

from widgets import WidgetLoader

app = FastAPI()


def loader() -> WidgetLoader:
    return WidgetLoader(package="widgets")


@app.get("/widgets/{name}")
def widget(name: str, widgets: WidgetLoader = Depends(loader)):
    return {"html": widgets.render(name)}
