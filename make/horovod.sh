#!/bin/sh
# horovod.sh FOLDER: build Horovod into that environment, for TensorFlow 1.15, with Gloo and nothing else.
set -eu
python=$1/bin/python
version=0.28.1
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 7))'; then
    echo "make: Horovod $version builds beside TensorFlow 1.15 on Python 3.7, and $1 has another; STACK=tf1 asks for it" >&2
    exit 2
fi
loads() { # whether it is there, built for this TensorFlow
    "$python" -c 'import horovod.tensorflow as hvd, sys; sys.exit(not hvd.gloo_built())' > /dev/null 2>&1
}
if loads; then
    echo "== Horovod is in $1"
    exit 0
fi
log=$1.horovod.log
echo "== building Horovod $version into $1, some minutes (log: $log) ..."
fail() {
    tail -n 15 "$log" >&2
    echo "make: Horovod was not built; it needs a C++ compiler, make and cmake" >&2
    exit 1
}
# Against the TensorFlow that is there, and nobody's earlier build.
"$python" -m pip install --quiet cloudpickle packaging psutil pyyaml > "$log" 2>&1 || fail
HOROVOD_WITHOUT_MPI=1 HOROVOD_WITH_GLOO=1 HOROVOD_WITH_TENSORFLOW=1 HOROVOD_WITHOUT_PYTORCH=1 HOROVOD_WITHOUT_MXNET=1 \
    "$python" -m pip install --quiet --no-build-isolation --no-cache-dir --no-deps --force-reinstall \
    "horovod==$version" >> "$log" 2>&1 || fail
loads || fail
rm -f "$log"
echo "   ready: horovodrun --gloo -np 2 python -m train --distributed horovod --device cpu ... (docs/distributed.md)"
