#!/bin/sh
# The main job on drawn frames: synthesise, split, check, encode, train, evaluate; everything below demo/.
# Needs $PYTHON, an interpreter with the toolkit installed. Interrupted and repeated, it goes on.
set -eu
: "${PYTHON:=.venv/bin/python}"
out=${DEMO:-demo}
bin=$(dirname "$PYTHON")
mkdir -p "$out"

say() { printf '\n== %s\n   %s\n' "$1" "$2"; }
run() { printf '$ %s\n' "$(printf '%s ' "$@" | sed "s|$bin/||g")"; "$@"; }

say "1 of 6  synthesise" "a small CamVid of drawn street scenes, with the real names and 32 classes"
run "$bin/camvid-synth" --out "$out/CamVid" --frames 160 --height 144 --width 192

say "2 of 6  split" "by the published 421/112/168 lists, as far as the frames are there"
run "$bin/camvid-split" --src "$out/CamVid" --out "$out/CamVid_split" --allow_partial

say "3 of 6  check" "is it fit to train on?"
run "$bin/camvid-check" "$out/CamVid_split"

say "4 of 6  encode" "decode once, into one file that training maps into memory"
run "$bin/camvid-encode" --src "$out/CamVid_split" --out "$out/CamVid.h5" --verify

say "5 of 6  train" "BiSeNet from nothing, on the CPU, about two minutes; Ctrl-C saves, make demo goes on"
run "$PYTHON" -m train --data_path "$out/CamVid.h5" --output_path "$out/run" --recipe demo --resume

say "6 of 6  evaluate" "on the test frames, which training never saw"
run "$PYTHON" -m eval --run "$out/run" --split test --pictures 8 --out "$out" --html "$out/report.html"

cat <<TXT

done. Look at:
  $out/report.html      scores, curves, confusions, the best and the worst frames on one page
  $out/pictures/*.png   frame, label and prediction side by side
  $out/run/curves.png   loss and validation over the training
  $out/eval.json        every score
try next, with CamVid on your disk:
  . $(dirname "$bin")/bin/activate
  camvid-split --src CamVid && camvid-check CamVid_split && camvid-encode --src CamVid_split
  python -m train --data_path CamVid_split.h5
TXT
