import subprocess


def make_bundle(*names: str) -> None:
    command = ["tar", "-czf", "bundle.tgz"]
    command.extend(name for name in names if not name.startswith("/"))
    subprocess.check_call(command)
