import os


class Thumbnailer:
    def __init__(self, width: int) -> None:
        self.width = width

    def render(self, title: str, seconds: int) -> None:
        source = "incoming/" + title + ".mp4"
        os.system("ffmpeg -ss %d -i %s -vf scale=%d out.png" % (seconds, source, self.width))
