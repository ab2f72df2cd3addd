from fastapi import FastAPI, Form

from subjects import SubjectLine

app = FastAPI()


@app.post("/subjects")
async def subject(subject: str = Form(max_length=200)):
    line = SubjectLine(subject)
    return {"subject": str(line)}
