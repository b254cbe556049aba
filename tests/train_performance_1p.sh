#!/bin/sh
# Train for two epochs on one device, validate once at the end, and say how fast it went.
set -u
kind=perf
train_epochs=2
batch_size=8
device=npu
iterations_per_loop=1
frontend=
more="--validate_every 1000000000"
usage="usage: tests/train_performance_1p.sh --data_path=CamVid_split [--output_path=output/0] [--train_epochs=2]
       [--batch_size=8] [--device=npu|gpu|cpu] [--iterations_per_loop=1] [--frontend=NAME]"
. "$(dirname "$0")/train_1p.sh"
