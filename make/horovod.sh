#!/bin/sh
# horovod.sh FOLDER: build Horovod into that environment, for TensorFlow 1.15, with Gloo and nothing else.
set -eu
python=$1/bin/python
version=0.28.1
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 7))'; then
    echo "make: Horovod $version builds beside TensorFlow 1.15 on Python 3.7, and $1 has another; STACK=tf1 asks for it" >&2
    exit 2
fi
if "$python" -c 'import horovod.tensorflow' 2> /dev/null; then
    exit 0
fi
log=$1.horovod.log
echo "== building Horovod $version into $1, some minutes (log: $log) ..."
HOROVOD_WITHOUT_MPI=1 HOROVOD_WITH_GLOO=1 HOROVOD_WITH_TENSORFLOW=1 HOROVOD_WITHOUT_PYTORCH=1 HOROVOD_WITHOUT_MXNET=1 \
    "$python" -m pip install --quiet --no-build-isolation "horovod==$version" > "$log" 2>&1 || {
    tail -n 15 "$log" >&2
    echo "make: Horovod was not built; it needs a C++ compiler, make and cmake" >&2
    exit 1
}
rm -f "$log"
echo "   ready: horovodrun --gloo -np 2 python -m train --distributed horovod --device cpu ... (docs/distributed.md)"
