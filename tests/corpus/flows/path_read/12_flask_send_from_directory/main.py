import os

from flask import Blueprint, Flask, request, send_from_directory

manuals = Blueprint("manuals", __name__, url_prefix="/old")


@manuals.get("/manual")
def manual():
    wanted = request.args.get("file", "guide.txt")
    return send_from_directory(os.path.abspath("files"), wanted)


app = Flask(__name__)
app.register_blueprint(manuals)
