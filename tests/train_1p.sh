# One training on one device, as the model zoo's scripts go and end. Sourced by train_full_1p.sh and
# train_performance_1p.sh, which set kind, usage and defaults.

takes="data_path output_path train_epochs batch_size device iterations_per_loop frontend"
. "$(dirname "$0")/train_args.sh"
export ASCEND_DEVICE_ID="${ASCEND_DEVICE_ID:-0}" RANK_SIZE=1 RANK_ID=0
output_path=${output_path:-output/$ASCEND_DEVICE_ID}

printf '### get your log here : %s\n' "$output_path/train_$ASCEND_DEVICE_ID.log"
start=$(date +%s)
# shellcheck disable=SC2086  # more is a list of flags
"$python" -m train --data_path "$data_path" --output_path "$output_path" --train_epochs "$train_epochs" \
    --batch_size "$batch_size" --device "$device" --iterations_per_loop "$iterations_per_loop" \
    ${frontend:+--frontend "$frontend"} --overwrite $more || exit $?
exec "$python" -m train.closing --run "$output_path" --seconds "$(($(date +%s) - start))" --kind "$kind"
