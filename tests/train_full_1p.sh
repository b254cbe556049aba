#!/bin/sh
# Train to the end on one device, validate, and say how it went.
set -u
kind=acc
train_epochs=150
batch_size=8
device=npu
iterations_per_loop=1
frontend=
more=
usage="usage: tests/train_full_1p.sh --data_path=CamVid_split [--output_path=output/0] [--train_epochs=150]
       [--batch_size=8] [--device=npu|gpu|cpu] [--iterations_per_loop=1] [--frontend=NAME]"
. "$(dirname "$0")/train_1p.sh"
