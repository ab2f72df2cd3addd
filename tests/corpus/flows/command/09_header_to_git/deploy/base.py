import subprocess


class Runner:
    shell = ("/bin/sh", "-c")

    def steps(self) -> list[str]:
        raise NotImplementedError

    def run(self) -> None:
        subprocess.check_call([*self.shell, " && ".join(self.steps())])
