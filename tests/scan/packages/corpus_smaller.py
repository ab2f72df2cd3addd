"""Makes locks and exports small enough for the repository, and takes the addresses of indexes out."""

from __future__ import annotations

import json
import re
from pathlib import Path


def cut(file: Path, most: int = 2) -> None:
    """Keeps the first two hashes of each requirement of a compiled file."""
    kept, count = [], 0
    for line in file.read_text().split("\n"):
        count = count + 1 if "--hash=" in line else 0
        if count <= most:
            kept.append(line)
        elif not line.endswith("\\"):
            kept[-1] = kept[-1].removesuffix(" \\")
    file.write_text("\n".join(kept))


def shortened(files: dict[str, str], most: int = 2) -> dict[str, str]:
    """Keeps two files of each package in locks, and in the exports the hashes that are still there."""
    locks = [n for n in files if "lock" in n]
    if not locks:
        return files
    result = dict(files)
    result[locks[0]] = _shorter(locks[0], files[locks[0]], most)
    known = set(re.findall(r"\b[0-9a-f]{64}\b", result[locks[0]]))
    for name, text in files.items():
        if name in locks[1:]:  # another form of the same lock: the same files of each package
            result[name] = "\n".join(line for line in text.split("\n") if _is_known(line, known))
        elif "--hash=" in text:
            result[name] = _known(text, known)
    return result


def _is_known(line: str, known: set[str]) -> bool:
    if not re.match(r"(\s+\{|sdist = )", line):
        return True
    return any(value in known for value in re.findall(r"\b[0-9a-f]{64}\b", line))


def _known(text: str, known: set[str]) -> str:
    text = re.sub(
        r" \\\n\s+--hash=sha256:(\w+)", lambda m: m.group(0) if m.group(1) in known else "", text
    )
    return re.sub(
        r" --hash=sha256:(\w+)", lambda m: m.group(0) if m.group(1) in known else "", text
    )


def _shorter(name: str, text: str, most: int) -> str:
    if name.endswith(".json"):
        document = json.loads(text)
        for section in ("default", "develop"):
            for item in document[section].values():
                if "hashes" in item:
                    item["hashes"] = item["hashes"][:most]
        return json.dumps(document, indent=4) + "\n"
    kept, count = [], 0
    for line in text.split("\n"):
        row = re.match(r"\s+\{ ?(url|file) = ", line)
        count = count + 1 if row else 0
        if count <= most:
            kept.append(line)
    return "\n".join(kept)


def clean(text: str, index: str) -> str:
    """Without the address of any index."""
    text = re.sub(r"https://[\w.-]+/packages/[0-9a-f/]+/", "https://index.example/files/", text)
    host = index.removesuffix("/simple")
    text = text.replace(f"{index}/", index).replace(index, "https://index.example/simple")
    text = text.replace(host, "https://index.example")
    return re.sub(r"(?m)^(-i|--index-url|--extra-index-url) .*\n", "", text)
