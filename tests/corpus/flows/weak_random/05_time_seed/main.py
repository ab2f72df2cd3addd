from fastapi import FastAPI

from vouchers import VoucherPrinter

app = FastAPI()


@app.post("/vouchers")
def voucher(value: int = 10):
    return {"token": VoucherPrinter().secret_code(), "value": value}
