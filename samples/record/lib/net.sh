# Hosts (network namespaces), the cables between them, and how to run programs on them.
# shellcheck shell=bash

declare -A host_name
host_count=0

# host SHORT FULL_NAME: an empty host that calls itself FULL_NAME.
host() {
    host_name[$1]=$2
    ip netns add "$1"
    ip -n "$1" link set lo up
    # IPv6 speaks on its own account; recipes that want to see it turn it on.
    run_in "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
}

run_in() {
    local where=$1
    shift
    ip netns exec "$where" "$@"
}

# on HOST COMMAND...: run it there, under that host's name.
on() {
    local where=$1
    shift
    # shellcheck disable=SC2016
    ip netns exec "$where" unshare --uts -- bash -c 'hostname "$0"; exec "$@"' "${host_name[$where]}" "$@"
}

# Capture what a wire would carry: whole checksums, segments no longer than the MTU.
no_offload() {
    run_in "$1" ethtool -K "$2" tx off rx off sg off tso off gso off gro off >/dev/null 2>&1 || true
}

next_mac() {
    host_count=$((host_count + 1))
    printf -v mac '02:00:00:00:00:%02x' "$host_count"
}

plug() {
    local where=$1 device=$2 address=$3
    ip -n "$where" link set dev "$device" name eth0
    next_mac
    ip -n "$where" link set dev eth0 address "$mac"
    no_offload "$where" eth0
    ip -n "$where" address add "$address" dev eth0
    ip -n "$where" link set dev eth0 up
}

# cable HOST ADDRESS/LENGTH HOST ADDRESS/LENGTH: one veth pair between two hosts.
cable() {
    ip link add end1 type veth peer name end2
    ip link set end1 netns "$1"
    ip link set end2 netns "$3"
    plug "$1" end1 "$2"
    plug "$3" end2 "$4"
    await link_is_up "$1"
    await link_is_up "$3"
}

# switch HOST ADDRESS/LENGTH ...: a bridge with a port for each host.
switch() {
    local port=0
    host switch switch.example
    ip -n switch link add lan type bridge stp_state 0 mcast_snooping 0
    ip -n switch link set dev lan address 02:00:00:00:01:00 up
    while (($#)); do
        port=$((port + 1))
        ip link add end1 type veth peer name "port$port"
        ip link set end1 netns "$1"
        ip link set "port$port" netns switch
        ip -n switch link set dev "port$port" address "02:00:00:00:01:0$port" master lan up
        no_offload switch "port$port"
        plug "$1" end1 "$2"
        shift 2
    done
    sleep 0.3
}

link_is_up() { ip -n "$1" link show eth0 | grep -q LOWER_UP; }

# await CONDITION...: until it holds, for five seconds at most.
await() {
    local try
    for ((try = 0; try < 100; try++)); do
        "$@" && return
        sleep 0.05
    done
    echo "gave up waiting: $*" >&2
    return 1
}

# listening HOST PORT: does a TCP server wait there?
listening() { run_in "$1" ss -Hltn "sport = :$2" | grep -q .; }
listening_udp() { run_in "$1" ss -Hlun "sport = :$2" | grep -q .; }

# Both ends know each other's hardware address, so that a capture begins with what it is about.
know_each_other() { run_in "$1" ping -q -c 1 -W 2 "$2" >/dev/null; }

# slow_wire HOST ADDRESS/LENGTH HOST ADDRESS/LENGTH [wire.py options]: a wire made by a program, which can
# take its time or tag the frames.
slow_wire() {
    "$python" "$lib/wire.py" end1 end2 "${@:5}" 2>&3 &
    await ip link show end2 >&3 2>&1
    ip link set end1 netns "$1"
    ip link set end2 netns "$3"
    plug "$1" end1 "$2"
    plug "$3" end2 "$4"
    await link_is_up "$1"
    await link_is_up "$3"
}

# on_ipv6 HOST ADDRESS/LENGTH: that host speaks IPv6 as well.
on_ipv6() {
    run_in "$1" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0 net.ipv6.conf.all.disable_ipv6=0
    ip -n "$1" address add "$2" dev eth0
    await has_ipv6 "$1"
}

# Duplicate address detection is over.
has_ipv6() { ! ip -n "$1" -6 address show dev eth0 | grep -q tentative; }
