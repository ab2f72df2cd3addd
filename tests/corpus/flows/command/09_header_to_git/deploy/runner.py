from .base import Runner


class Deployer(Runner):
    def __init__(self, branch: str) -> None:
        self.branch = branch

    def steps(self) -> list[str]:
        return ["git fetch", "git checkout " + self.branch, "make install"]
