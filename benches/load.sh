#!/usr/bin/env bash
# Captures with layerscope and with tcpdump at the same time, on one end of a cable between two network namespaces,
# while tcpreplay sends a capture into the other end. Prints what each of them counted and the memory of layerscope.
#
#   sudo benches/load.sh CAPTURE [PACKETS_A_SECOND [SECONDS]]
#
# Environment: LAYERSCOPE (the binary), VIEW (the view and its options, "smtp --format json").
set -euo pipefail
cd "$(dirname "$0")/.."

capture=$1 rate=${2:-100000} seconds=${3:-10}
binary=${LAYERSCOPE:-target/release/layerscope}
read -ra view <<<"${VIEW:-smtp --format json}"
work=$(mktemp -d)
near=load-near-$$ far=load-far-$$
finish() {
    kill $(jobs -p) 2>/dev/null || true
    wait 2>/dev/null || true
    ip netns del "$near" 2>/dev/null || true
    ip netns del "$far" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

for namespace in "$near" "$far"; do
    ip netns add "$namespace"
    # the kernel of neither end says anything of its own
    ip netns exec "$namespace" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
done
ip -n "$near" link add wire0 mtu 65535 type veth peer name wire0 mtu 65535 netns "$far"
ip -n "$near" link set wire0 up
ip -n "$far" link set wire0 up

# both have a kernel buffer of 16 MiB
ip netns exec "$near" tcpdump -i wire0 -n -B 16384 -w "$work/tcpdump.pcap" 2>"$work/tcpdump.txt" &
tcpdump=$!
ip netns exec "$near" "$binary" "${view[@]}" --no-progress -i wire0 -w "$work/layerscope.pcap" \
    >"$work/answer" 2>"$work/layerscope.txt" &
layerscope=$!
while ! grep -q 'capturing on' "$work/layerscope.txt" || ! grep -q 'listening on' "$work/tcpdump.txt"; do
    sleep 0.1
done
(
    while sleep 1 && grep VmRSS "/proc/$layerscope/status" >>"$work/memory.txt"; do :; done
) 2>/dev/null &

ip netns exec "$far" tcpreplay -i wire0 --pps="$rate" --loop=0 --duration="$seconds" --preload-pcap "$capture" 2>&1 |
    grep -E 'Actual|Rated' || true
sleep 2
kill -INT "$tcpdump" "$layerscope"
wait "$tcpdump" "$layerscope" || true
echo "tcpdump:    $(tail -3 "$work/tcpdump.txt" | tr '\n' ' ')"
echo "layerscope: $(grep 'dropped by the kernel' "$work/layerscope.txt")"
echo "saved:      tcpdump $(stat -c %s "$work/tcpdump.pcap") octets, layerscope $(stat -c %s "$work/layerscope.pcap")"
awk '{all[NR] = $2} END {
    printf "memory:     "
    for (part = 1; part <= 10; part++) printf "%d%s", all[int((NR * part + 9) / 10)], part < 10 ? ", " : ""
    print " KiB, a tenth of the run apart"
}' "$work/memory.txt"
