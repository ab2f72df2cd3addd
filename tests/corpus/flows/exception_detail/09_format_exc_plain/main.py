from fastapi import FastAPI, Response

from jobs import Job, JobFailed

app = FastAPI()


@app.get("/jobs/run")
async def run(response: Response, job: str = "nightly"):
    try:
        return {"result": Job(job).run()}
    except JobFailed as failed:
        response.status_code = 500
        return {"job": job, "log": failed.log}
