# Starting and stopping captures.
# shellcheck shell=bash

captures=()

# capture FILE HOST INTERFACE [tcpdump arguments]: begin; FILE is a name among the samples.
capture() {
    local file=$1 where=$2 interface=$3 log
    shift 3
    log=$work/tcpdump-$(basename "$file")
    [[ $file == /* ]] || file=$made/$file
    ip netns exec "$where" tcpdump -i "$interface" -n -s 0 -U --immediate-mode -Z root -w "$file" "$@" 2>"$log" &
    captures+=($!)
    await grep -qs 'listening on' "$log"
}

# Ends all captures, once the last packets had time to arrive.
capture_end() {
    local pid
    sleep "${1:-0.3}"
    for pid in "${captures[@]}"; do
        kill -INT "$pid" 2>/dev/null || true
        wait "$pid" || true
    done
    captures=()
}
