import sqlite3


class TeamStore:
    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.execute("CREATE TABLE IF NOT EXISTS teams (id INTEGER PRIMARY KEY, name TEXT)")
        self.db.execute("CREATE TABLE IF NOT EXISTS members (team TEXT, name TEXT)")

    def clear(self) -> None:
        self.db.execute("DELETE FROM teams")

    def add(self, name: str) -> int:
        return self.db.execute("INSERT INTO teams (name) VALUES (?)", (name,)).lastrowid

    def members(self, number: int) -> list[str]:
        row = self.db.execute("SELECT name FROM teams WHERE id = ?", (number,)).fetchone()
        if row is None:
            return []
        team = row[0]
        found = self.db.execute("SELECT name FROM members WHERE team = '" + team + "'")
        return [name for (name,) in found]
