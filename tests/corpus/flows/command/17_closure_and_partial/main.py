from functools import partial

from fastapi import FastAPI
from pydantic import BaseModel

from schedule import Scheduler
from speaking import speak

app = FastAPI()
scheduler = Scheduler()


class Reminder(BaseModel):
    text: str
    in_minutes: int


@app.post("/reminders")
def remind(reminder: Reminder):
    scheduler.add(reminder.in_minutes, partial(speak, voice="en", text=reminder.text))
    return {"ran": scheduler.run_due(minutes=10)}
