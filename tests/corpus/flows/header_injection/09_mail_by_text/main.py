from fastapi import BackgroundTasks, FastAPI, Form

from mailer import deliver

app = FastAPI()


@app.post("/contact", status_code=202)
def contact(tasks: BackgroundTasks, sender: str = Form(), text: str = Form()):
    tasks.add_task(deliver, sender=sender, text=text)
    return {"state": "sent"}
