from fastapi import FastAPI

from auditing import audited

app = FastAPI()


@app.post("/tickets")
@audited("ticket")
def ticket(title: str, urgent: bool = False):
    return {"title": title, "urgent": urgent}
