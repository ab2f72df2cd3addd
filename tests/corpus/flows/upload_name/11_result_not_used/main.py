import os

from flask import Flask, jsonify, request
from werkzeug.utils import secure_filename

app = Flask(__name__)
app.config["FOLDER"] = "uploads"
os.makedirs("uploads", exist_ok=True)


@app.post("/receipts")
def receipts():
    upload = request.files["receipt"]
    if not secure_filename(upload.filename):
        return jsonify(error="no name"), 400
    upload.save(os.path.join(app.config["FOLDER"], upload.filename))
    return jsonify(saved=True)
