import subprocess


def switch_to(release) -> int:
    return subprocess.call(f"git checkout build-{release.build}", shell=True)
