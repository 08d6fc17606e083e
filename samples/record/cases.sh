# What TCP has to be read right: a capture for each case of tests/cases/tcp that needs one of its own.
# shellcheck shell=bash

source "$record_dir/tcp.sh"

# case_capture CASE HOST INTERFACE [tcpdump arguments]
case_capture() {
    mkdir -p "$made/$1"
    capture "$1/capture.pcap" "${@:2}"
}

# case_talk CASE SERVER_STEPS CLIENT_STEPS: as talk.
case_talk() {
    mkdir -p "$made/$1"
    talk "$1/capture.pcap" "${@:2}"
}

# forge HOST ARGUMENTS: a segment that no socket of that host sends.
forge() {
    local where=$1
    shift
    on "$where" "$python" "$lib/forge.py" "$@" 2>&3
}

# forge_into CASE FLAGS [ARGUMENTS]: one more segment of the client's port 40000, which follows those of the capture.
forge_into() {
    forge client $client:40000 $server:30000 "$2" --after "$made/$1/capture.pcap" "${@:3}"
}

# talk_beside CASE SERVER_STEPS CLIENT_STEPS: begins a connection from port 40000 and leaves it to itself.
talk_beside() {
    case_capture "$1" client eth0 tcp
    # shellcheck disable=SC2086
    tcp_end server listen $server 30000 $2 &
    await listening server 30000
    # shellcheck disable=SC2086
    tcp_end client connect $server 30000 from:40000 $3 &
    talking=$!
}

# The first two of three SYNs do not arrive.
recipe_open_three_attempts() {
    two_hosts
    run_in server nft -f - <<'RULES'
table inet busy {
    chain in {
        type filter hook input priority 0
        tcp dport 30000 tcp flags & (syn | ack) == syn numgen inc mod 3 < 2 drop
    }
}
RULES
    run_in client sysctl -qw net.ipv4.tcp_syn_linear_timeouts=0
    case_talk open-three-attempts 'read-all close' 'send:hello finish read-all close'
}

# The client sends data on its SYN without a cookie; the server takes the SYN and leaves the data.
recipe_open_data_on_syn_not_taken() {
    two_hosts
    run_in client sysctl -qw net.ipv4.tcp_fastopen=5
    run_in server sysctl -qw net.ipv4.tcp_fastopen=0
    case_talk open-data-on-syn-not-taken 'read send:welcome read-all close' \
        'fast-open send:hello-on-the-syn read finish read-all close'
}

# Nothing listens at the server; a forged answer acknowledges what was never sent.
recipe_open_unexpected_syn_ack() {
    two_hosts
    run_in server nft -f - <<'RULES'
table inet silent {
    chain in {
        type filter hook input priority 0
        tcp dport 30000 drop
    }
}
RULES
    case_capture open-unexpected-syn-ack client eth0 tcp
    tcp_end client connect $server 30000 from:40000 &
    sleep 0.2
    forge server $server:30000 $client:40000 SYN+ACK --ack $((0x40000000)) --seq 5000 \
        --after "$made/open-unexpected-syn-ack/capture.pcap"
    capture_end
}

# The client's kernel knows of no connection: it resets.
recipe_open_lone_syn_ack() {
    two_hosts
    case_capture open-lone-syn-ack client eth0 tcp
    forge server $server:30000 $client:40000 SYN+ACK --seq 5000 --ack 1001
    capture_end
}

recipe_open_lone_reset() {
    two_hosts
    case_capture open-lone-reset client eth0 tcp
    forge server $server:30000 $client:40000 RST --seq 5000
    capture_end
}

# As a port scanner does it: the SYN is forged, so the client's kernel knows nothing of it and resets the answer.
recipe_open_reset_by_initiator() {
    two_hosts
    tcp_end server listen $server 30000 read &
    await listening server 30000
    case_capture open-reset-by-initiator client eth0 tcp
    forge client $client:40000 $server:30000 SYN --seq 1000
    capture_end
}

recipe_data_sequence_wrap() {
    two_hosts
    case_talk data-sequence-wrap 'read send:and-back read-all close' \
        "isn:$((0xfffffffa)) send:over-the-edge read finish read-all close"
}

recipe_data_window_scale_one_sided() {
    two_hosts
    run_in server sysctl -qw net.ipv4.tcp_window_scaling=0
    case_talk data-window-scale-one-sided 'read send:hello read-all close' 'send:hello read finish read-all close'
}

# A probe as some other stacks send it: with the last octet once more.
recipe_data_keep_alive_one_octet() {
    two_hosts
    talk_beside data-keep-alive-one-octet 'read read-all close' 'send:hello sleep:1.5 finish read-all close'
    sleep 1
    forge_into data-keep-alive-one-octet ACK --seq -1 --data '?'
    wait $talking
    capture_end
}

# A SYN in the middle of a connection: the server answers with a challenge ACK (RFC 5961) and nothing else happens.
recipe_data_challenge_ack() {
    two_hosts
    talk_beside data-challenge-ack 'read send:one read send:two read-all close' \
        'send:one read sleep:0.8 send:two read finish read-all close'
    sleep 0.4
    forge_into data-challenge-ack SYN --seq 100
    wait $talking
    capture_end
}

# Two resets that guess: one outside the window, one inside it that is not the next number.
recipe_data_blind_reset() {
    two_hosts
    talk_beside data-blind-reset 'read send:one read send:two read-all close' \
        'send:one read sleep:1.2 send:two read finish read-all close'
    sleep 0.4
    forge_into data-blind-reset RST --seq $((0x40000000))
    sleep 0.3
    forge_into data-blind-reset RST --seq -$((0x40000000 - 100))
    wait $talking
    capture_end
}

# On a bridge, on all interfaces: each packet comes in at one port and leaves at the other.
recipe_data_captured_twice() {
    local serving
    host client client.example.org
    host server server.example.com
    switch client $client/24 server $server/24
    know_each_other client $server
    case_capture data-captured-twice switch any tcp
    tcp_end server listen $server 30000 read send:hello read-all close &
    serving=$!
    await listening server 30000
    tcp_end client connect $server 30000 send:hello read finish read-all close
    wait $serving
    capture_end
}

recipe_data_one_side() {
    local serving
    two_hosts
    case_capture data-one-side client eth0 tcp and src host $client
    tcp_end server listen $server 30000 read send:hello read-all close &
    serving=$!
    await listening server 30000
    tcp_end client connect $server 30000 send:hello read finish read-all close
    wait $serving
    capture_end
}

# A socket that connects to itself: both ends have one address and one port.
recipe_data_to_itself() {
    host client client.example.org
    case_capture data-to-itself client lo tcp
    tcp_end client cross 127.0.0.1:30000 127.0.0.1 30000 0 send:hello read finish close
    capture_end
}

recipe_close_data_on_fin() {
    two_hosts
    case_talk close-data-on-fin 'read-all close' 'cork send:all-in-one-segment finish read-all close'
}

# No FIN of the client arrives; what the server sends acknowledges the data before it.
recipe_close_fin_not_covered() {
    two_hosts
    run_in server nft -f - <<'RULES'
table inet forgetful {
    chain in {
        type filter hook prerouting priority -400
        tcp dport 30000 tcp flags & fin == fin drop
    }
}
RULES
    talk_beside close-fin-not-covered 'read sleep:0.3 send:one sleep:0.2 send:two sleep:5' \
        'send:hello sleep:0.1 finish read-all'
    sleep 1
    capture_end
}

# The client is gone when the server still has something to say.
recipe_close_reset_after_fin() {
    two_hosts
    case_talk close-reset-after-fin 'read sleep:0.3 send:too-late sleep:0.2 close' 'send:hello sleep:0.1 close'
}

# The client waits in TIME-WAIT when a reset comes: it changes nothing of how the connection closed.
recipe_close_reset_after_close() {
    two_hosts
    talk_beside close-reset-after-close 'read read-all close' 'send:hello finish read-all close'
    wait $talking
    sleep 0.3
    forge server $server:30000 $client:40000 RST --after "$made/close-reset-after-close/capture.pcap"
    capture_end
}
