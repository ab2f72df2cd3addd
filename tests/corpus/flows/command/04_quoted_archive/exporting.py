import shlex
import subprocess


def pack(name: str) -> None:
    target = shlex.quote(f"{name}.tar.gz")
    subprocess.call("tar -czf exports/" + target + " data && echo finished", shell=True)
