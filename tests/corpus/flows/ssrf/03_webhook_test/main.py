from fastapi import BackgroundTasks, FastAPI

from notifications import Notifier, Subscription

app = FastAPI()
notifier = Notifier(timeout=3)


@app.post("/subscriptions", status_code=201)
def subscribe(subscription: Subscription, tasks: BackgroundTasks):
    tasks.add_task(notifier.test, subscription)
    return {"event": subscription.event}
