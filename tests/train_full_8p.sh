#!/bin/sh
# Train to the end on the cards of one machine, one process each, validate, and say how it went. Rank 0 writes the run
# folder; what each rank says is in OUTPUT_PATH_ranks/rank_N.log. Where one fails, all are ended.
set -u
train_epochs=150
batch_size=8
iterations_per_loop=1
frontend=
cards=8
takes="data_path output_path train_epochs batch_size iterations_per_loop frontend cards rank_table"
usage="usage: tests/train_full_8p.sh --data_path=CamVid_split --rank_table=FILE [--output_path=output/8p] [--train_epochs=150]
       [--batch_size=8, of each card] [--iterations_per_loop=1] [--frontend=NAME] [--cards=8]"
. "$(dirname "$0")/train_args.sh"
rank_table=${rank_table:-${RANK_TABLE_FILE:-}}
[ -f "$rank_table" ] || fail "--rank_table: no such file: $rank_table"
output_path=${output_path:-output/${cards}p}
logs=${output_path}_ranks
mkdir -p "$logs" || exit 2
export RANK_SIZE="$cards" RANK_TABLE_FILE="$rank_table"

ranks=
stop() {
    # shellcheck disable=SC2086  # ranks is a list
    kill -TERM $ranks 2>/dev/null
}
trap stop INT TERM
printf '### get your log here : %s\n' "$logs/rank_0.log"
start=$(date +%s)
rank=0
while [ "$rank" -lt "$cards" ]; do
    RANK_ID=$rank DEVICE_ID=$rank ASCEND_DEVICE_ID=$rank "$python" -m train --data_path "$data_path" \
        --output_path "$output_path" --train_epochs "$train_epochs" --batch_size "$batch_size" --device npu \
        --iterations_per_loop "$iterations_per_loop" ${frontend:+--frontend "$frontend"} --distributed hccl --overwrite >"$logs/rank_$rank.log" 2>&1 &
    ranks="$ranks $!"
    rank=$((rank + 1))
done

# Whoever ends in a fault leaves the others waiting for it: look at all of them, once a second.
left=$ranks
code=0
while [ -n "$left" ] && [ "$code" -eq 0 ]; do
    sleep 1
    running=
    for process in $left; do
        if kill -0 "$process" 2>/dev/null; then
            running="$running $process"
        else
            wait "$process" || code=$?
        fi
    done
    left=$running
done
if [ "$code" -ne 0 ]; then
    tail -n 3 "$logs"/rank_*.log >&2
    for process in $left; do
        kill -TERM "$process" 2>/dev/null
    done
    sleep 5
    for process in $left; do
        kill -KILL "$process" 2>/dev/null
    done
    exit "$code"
fi
export ASCEND_DEVICE_ID=0
exec "$python" -m train.closing --run "$output_path" --seconds "$(($(date +%s) - start))" --kind acc
