from flask import Flask, jsonify, request

from printing import PrintJob

app = Flask(__name__)


@app.post("/print")
def print_page():
    job = PrintJob(copies=int(request.form.get("copies", 1)))
    return jsonify(code=job(request.form["printer"]))
