from fastapi import Request
from fastapi.templating import Jinja2Templates

templates = Jinja2Templates(directory="templates")


def render(request: Request, name: str, **context):
    return templates.TemplateResponse(request, name, context)
