import subprocess


def disk(device: str) -> str:
    return subprocess.getoutput("df -h /dev/" + device)


def uptime(_: str) -> str:
    return subprocess.getoutput("cat /proc/uptime")


ACTIONS = {"disk": disk, "uptime": uptime}
