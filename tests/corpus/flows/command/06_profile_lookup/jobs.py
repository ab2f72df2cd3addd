JOBS = {
    "disk": "df -h / | tail -n 1",
    "memory": "cat /proc/meminfo | head -n 3",
}
