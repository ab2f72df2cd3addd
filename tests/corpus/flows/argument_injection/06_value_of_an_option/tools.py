def grep_command(pattern: str, *, fixed: bool = True) -> list[str]:
    command = ["grep", "-n"]
    if fixed:
        command.append("--fixed-strings")
    command += [f"--regexp={pattern}", "--", "application.log"]
    return command
