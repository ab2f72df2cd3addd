from fastapi import FastAPI, Form, HTTPException

app = FastAPI()


@app.post("/models")
async def models(name: str = Form()):
    if not name.isidentifier():
        raise HTTPException(400, "not a name")
    namespace: dict = {}
    exec(f"class {name}:\n    pass\n", namespace)
    return {"made": name in namespace}
