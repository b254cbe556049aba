# One training on one device, as the model zoo's scripts are called and end. Sourced by train_full_1p.sh and
# train_performance_1p.sh, which set kind, usage and defaults.

fail() {
    printf 'error: %s\n%s\n' "$1" "$usage" >&2
    exit 2
}

device=npu
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help)
            printf '%s\n' "$usage"
            exit 0
            ;;
        --data_path=* | --output_path=* | --train_epochs=* | --batch_size=* | --device=*)
            name=${1%%=*}
            value=${1#*=}
            ;;
        --data_path | --output_path | --train_epochs | --batch_size | --device)
            [ $# -ge 2 ] || fail "$1 has no value"
            name=$1
            value=$2
            shift
            ;;
        *) fail "unknown argument $1" ;;
    esac
    [ -n "$value" ] || fail "$name has no value"
    case $name in
        --data_path) data_path=$value ;;
        --output_path) output_path=$value ;;
        --train_epochs) train_epochs=$value ;;
        --batch_size) batch_size=$value ;;
        --device) device=$value ;;
    esac
    shift
done
[ -n "${data_path:-}" ] || fail "--data_path is missing"

here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}
[ -x "$python" ] || python=$(command -v python3) || fail "no Python: run make env, or set PYTHON"
export ASCEND_DEVICE_ID="${ASCEND_DEVICE_ID:-0}" RANK_SIZE=1 RANK_ID=0 JOB_ID="${JOB_ID:-10087}"
export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"
output_path=${output_path:-output/$ASCEND_DEVICE_ID}

printf '### get your log here : %s\n' "$output_path/train_$ASCEND_DEVICE_ID.log"
start=$(date +%s)
# shellcheck disable=SC2086  # more is a list of flags
"$python" -m train --data_path "$data_path" --output_path "$output_path" --train_epochs "$train_epochs" \
    --batch_size "$batch_size" --device "$device" --overwrite $more || exit $?
exec "$python" -m train.closing --run "$output_path" --seconds "$(($(date +%s) - start))" --kind "$kind"
