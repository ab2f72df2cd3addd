from fastapi import FastAPI, Form, HTTPException

from mailer import deliver

app = FastAPI()


@app.post("/contact", status_code=202)
def contact(sender: str = Form(), text: str = Form()):
    try:
        deliver(sender, text)
    except ValueError:
        raise HTTPException(422, "bad address") from None
    return {"state": "sent"}
