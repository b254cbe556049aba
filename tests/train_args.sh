# The arguments of the model zoo's scripts, as `--name=value` or `--name value`: those that $takes names become variables.
# Sourced by train_full_1p.sh and the others, which set usage, takes and defaults.

fail() {
    printf 'error: %s\n%s\n' "$1" "$usage" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
        -h | --help)
            printf '%s\n' "$usage"
            exit 0
            ;;
        --*=*)
            name=${1%%=*}
            value=${1#*=}
            ;;
        *)
            name=$1
            value=${2:-}
            ;;
    esac
    case " $takes " in
        *" ${name#--} "*) [ "$name" != "${name#--}" ] || fail "unknown argument $1" ;;
        *) fail "unknown argument $1" ;;
    esac
    [ -n "$value" ] || fail "$name has no value"
    case $1 in --*=*) ;; *) shift ;; esac
    eval "${name#--}=\$value"
    shift
done
[ -n "${data_path:-}" ] || fail "--data_path is missing"

here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}
[ -x "$python" ] || python=$(command -v python3) || fail "no Python: run make env, or set PYTHON"
export JOB_ID="${JOB_ID:-10087}" PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"
