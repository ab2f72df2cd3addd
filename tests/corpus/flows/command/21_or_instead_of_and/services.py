import subprocess


def restart(unit: str, user: bool = False) -> int:
    scope = "--user" if user else "--system"
    with subprocess.Popen(f"systemctl {scope} restart {unit}", shell=True) as process:
        return process.wait(timeout=10)
