# TCP: how connections open, how they close, and what goes wrong in between.
# The port is one that no protocol is known by.
# shellcheck shell=bash

client=10.20.0.25
server=10.20.0.10

two_hosts() {
    host client client.example.org
    host server server.example.com
    cable client $client/24 server $server/24
    know_each_other client $server
}

two_hosts_far_apart() {
    host client client.example.org
    host server server.example.com
    slow_wire client $client/24 server $server/24 --delay 0.05
    know_each_other client $server
}

tcp_end() {
    local where=$1
    shift
    on "$where" "$python" "$lib/tcp_end.py" "$@" 2>&3
}

# talk FILE SERVER_STEPS CLIENT_STEPS: one connection to port 30000, captured at the client.
talk() {
    local file=$1 server_steps=$2 client_steps=$3 serving
    [[ -z $file ]] || capture "$file" client eth0 tcp
    # shellcheck disable=SC2086
    tcp_end server listen $server 30000 $server_steps &
    serving=$!
    await listening server 30000
    # shellcheck disable=SC2086
    tcp_end client connect $server 30000 $client_steps
    wait $serving || true
    capture_end
}

in_a_moment() { "$python" -c 'import time; print(time.time() + 1)'; }

recipe_tcp_handshake() {
    two_hosts
    capture tcp-handshake.pcap client eth0 tcp
    tcp_end server listen $server 30000 sleep:5 &
    await listening server 30000
    tcp_end client connect $server 30000 sleep:5 &
    sleep 0.3
    capture_end
}

recipe_tcp_refused() {
    two_hosts
    capture tcp-refused.pcap client eth0 tcp
    tcp_end client connect $server 30001 || true
    capture_end
}

recipe_tcp_unanswered() {
    two_hosts
    run_in server nft -f - <<'RULES'
table inet silent {
    chain in {
        type filter hook input priority 0
        tcp dport 30000 drop
    }
}
RULES
    run_in client sysctl -qw net.ipv4.tcp_syn_linear_timeouts=0 net.ipv4.tcp_syn_retries=3
    capture tcp-unanswered.pcap client eth0 tcp
    tcp_end client connect $server 30000 || true
    capture_end
}

# A connection that is not recorded brings the cookie; the next one sends it, and a line, with its SYN.
recipe_tcp_fast_open() {
    local where
    two_hosts
    for where in client server; do run_in $where sysctl -qw net.ipv4.tcp_fastopen=3; done
    talk '' 'fast-open read-all close' 'fast-open send:first finish read-all close'
    talk tcp-fast-open.pcap 'fast-open read send:welcome-back read-all close' \
        'fast-open send:hello-on-the-syn read finish read-all close'
}

# The client's ACK of the SYN+ACK is lost, and so is all that follows: the server asks again and again.
recipe_tcp_half_open() {
    two_hosts
    run_in server nft -f - <<'RULES'
table inet deaf {
    chain in {
        type filter hook prerouting priority -400
        tcp dport 30000 tcp flags & (syn | ack) == ack drop
    }
}
RULES
    run_in client nft -f - <<'RULES'
table inet mute {
    chain out {
        type filter hook postrouting priority 400
        tcp dport 30000 tcp flags & (syn | ack) == ack drop
    }
}
RULES
    capture tcp-half-open.pcap server eth0 tcp
    tcp_end server listen $server 30000 read &
    await listening server 30000
    tcp_end client connect $server 30000 sleep:4 || true
    capture_end
}

# The same port twice: the server closes first, so the client may use its port again at once.
recipe_tcp_reused_port() {
    local round serving
    two_hosts
    capture tcp-reused-port.pcap client eth0 tcp
    for round in one two; do
        tcp_end server listen $server 30000 read close &
        serving=$!
        await listening server 30000
        tcp_end client connect $server 30000 from:40000 send:$round read-all close
        wait $serving
    done
    capture_end
}

recipe_tcp_loss() {
    two_hosts_far_apart
    # Every fifth segment with data does not arrive, seen from the side that sends it.
    run_in server nft -f - <<'RULES'
table inet lossy {
    chain in {
        type filter hook input priority 0
        tcp dport 30000 ip length > 500 numgen inc mod 5 3 drop
    }
}
RULES
    talk tcp-loss.pcap read-all 'fill:40000 finish read-all close'
}

recipe_tcp_zero_window() {
    two_hosts
    talk tcp-zero-window.pcap 'small-buffer sleep:2.5 read-all close' 'fill:12000 finish read-all close'
}

recipe_tcp_keep_alive() {
    two_hosts
    talk tcp-keep-alive.pcap 'read sleep:4.3 read-all close' 'keepalive send:hello sleep:4.3 finish read-all close'
}

recipe_tcp_close_four_segments() {
    two_hosts
    talk tcp-close-four-segments.pcap 'read send:hello read-all sleep:0.3 close' 'send:hello read finish read-all close'
}

recipe_tcp_close_three_segments() {
    two_hosts
    talk tcp-close-three-segments.pcap 'read send:hello read-all close' 'send:hello read finish read-all close'
}

recipe_tcp_close_simultaneous() {
    local moment
    two_hosts_far_apart
    moment=$(in_a_moment)
    talk tcp-close-simultaneous.pcap \
        "read at:$moment finish read-all close" \
        "send:hello at:$moment finish read-all close"
}

recipe_tcp_half_close() {
    two_hosts
    talk tcp-half-close.pcap \
        'read-all sleep:0.2 send:first-line-after-your-fin sleep:0.2 send:second-line sleep:0.2 close' \
        'send:this-is-all-i-have-to-say finish read-all close'
}

recipe_tcp_reset() {
    two_hosts
    talk tcp-reset.pcap 'read send:hello sleep:0.2 reset' 'send:hello read sleep:0.5 close'
}

recipe_tcp_left_open() {
    two_hosts
    capture tcp-left-open.pcap client eth0 tcp
    tcp_end server listen $server 30000 read send:hello sleep:20 &
    await listening server 30000
    tcp_end client connect $server 30000 send:hello read sleep:20 &
    sleep 0.5
    capture_end
}

recipe_tcp_simultaneous_open() {
    local moment crossing
    two_hosts_far_apart
    capture tcp-simultaneous-open.pcap client eth0 tcp
    moment=$(in_a_moment)
    tcp_end client cross $client:30001 $server 30002 "$moment" send:hello sleep:0.3 finish read-all close &
    crossing=$!
    tcp_end server cross $server:30002 $client 30001 "$moment" read-all close
    wait $crossing
    capture_end
}

# Starts in the middle: neither SYN nor initial sequence numbers are in the file.
recipe_tcp_from_the_middle() {
    local serving
    two_hosts
    tcp_end server listen $server 30000 read send:one read send:two read-all close &
    serving=$!
    await listening server 30000
    tcp_end client connect $server 30000 send:one read sleep:1.5 send:two read finish read-all close &
    sleep 0.7
    capture tcp-from-the-middle.pcap client eth0 tcp
    wait $serving
    capture_end
}
