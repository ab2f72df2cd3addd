import subprocess


def switch_to(tag: str) -> int:
    return subprocess.call(f"git checkout {tag}", shell=True)
