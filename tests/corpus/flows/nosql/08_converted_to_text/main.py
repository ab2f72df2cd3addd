from fastapi import FastAPI, Request
from pymongo import MongoClient

app = FastAPI()
vouchers = MongoClient("mongodb://localhost")["shop"]["vouchers"]


@app.post("/vouchers")
async def redeem(request: Request):
    data = await request.json()
    code = str(data["code"]).strip().upper()
    voucher = vouchers.find_one({"code": code, "used": False})
    return {"valid": voucher is not None}
