import os

from flask import Flask, abort, request, send_file

app = Flask(__name__)
ROOT = os.path.abspath("files")


@app.route("/old/manual")
def manual():
    wanted = request.args.get("file", "guide.txt")
    full = ROOT + "/" + wanted
    if not os.path.exists(full):
        abort(404)
    return send_file(full)
