# Shared by the scripts: a virtual environment for each interpreter, made once.
set -eu
ROOT=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$ROOT"

say() { printf '\n== %s\n' "$*"; }

# The Python to build on: $PYTHON, else the first of these that is 3.11 or newer.
base_python() {
    for candidate in "${PYTHON:-}" python3.11 python3 python3.12 python3.13 python; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    echo "Python 3.11 or newer is needed; set PYTHON to its path" >&2
    return 1
}

# environment NAME PYTHON REQUIREMENTS...: a virtual environment, made anew when what it holds changes.
environment() {
    name=$1 python=$2
    shift 2
    folder="$ROOT/.venvs/$name"
    stamp=$(cat "$@" pyproject.toml | cksum; "$python" -V)
    if [ ! -x "$folder/bin/python" ] || [ "$(cat "$folder/.stamp" 2>/dev/null)" != "$stamp" ]; then
        echo "making $folder with $("$python" -V)"
        rm -rf "$folder"
        "$python" -m venv "$folder"
        # One by one: a file with hashes makes pip ask for hashes in all that come with it.
        for file in "$@"; do
            "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$file"
        done
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --editable .
        printf '%s' "$stamp" > "$folder/.stamp"
    fi
    # An editable installation is compiled at its first start, if at all; any other one by pip.
    "$folder/bin/python" -m compileall -q src
}
