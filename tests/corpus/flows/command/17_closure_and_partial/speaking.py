import os


def speak(text: str, voice: str) -> None:
    os.system(f"echo '{text}' | cat > {voice}.txt")
