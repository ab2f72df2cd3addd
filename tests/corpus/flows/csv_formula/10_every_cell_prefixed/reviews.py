import csv


class ReviewFile:
    def __init__(self, path: str) -> None:
        self.path = path

    def append(self, stars: int, comment: str) -> None:
        cells = [stars, "'" + comment]
        with open(self.path, "a", newline="") as stream:
            csv.writer(stream).writerow(cells)
