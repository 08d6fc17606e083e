# File formats, and captures made of recorded ones.
# shellcheck shell=bash

client=10.20.0.25
server=10.20.0.10

two_hosts() {
    host client client.example.org
    host server server.example.com
    cable client $client/24 server $server/24
    know_each_other client $server
}

# hello_over_tcp [SERVER_STEP...]
hello_over_tcp() {
    on server "$python" "$lib/tcp_end.py" listen $server 30000 read send:hello "$@" read-all close &
    await listening server 30000
    on client "$python" "$lib/tcp_end.py" connect $server 30000 send:hello read finish read-all close
}

fcs() { "$python" "$record_dir/derived/fcs.py" "$@"; }

recipe_fcs_declared() {
    fcs "$OUT/arp-ping.pcap" --declare classic --damage-payload 5 --output "$made/fcs-declared.pcap"
    fcs "$OUT/arp-ping.pcap" --declare pcapng --damage-payload 5 --output "$made/fcs-declared.pcapng"
}

# As on a machine whose network card hands the FCS up with received frames, and is handed frames to send without one.
recipe_fcs_undeclared() {
    fcs "$OUT/mail-plain.pcap" --only-to 02:00:00:00:00:01 --damage-fcs 8 \
        --output "$made/fcs-undeclared-one-direction.pcap"
    fcs "$OUT/mail-plain.pcap" --output "$made/fcs-undeclared.pcap"
}

recipe_compressed() {
    gzip -9 --no-name --stdout "$OUT/mail-plain.pcap" >"$made/mail-plain-compressed.pcap.gz"
}

# One connection, seen on a cable by one capture and on all interfaces of the server by another, in one file.
recipe_two_interfaces() {
    two_hosts
    capture "$work/eth0.pcap" client eth0 tcp
    capture "$work/any.pcap" server any -y LINUX_SLL2 tcp
    hello_over_tcp
    capture_end
    "$python" "$lib/convert.py" "$work/eth0.pcap" "$work/any.pcap" --name eth0 --name any \
        --comment 'One connection from two places: eth0 of the client, and any of the server.' \
        --note '1:The SYN leaves the client.' --note '2:The same SYN arrives at the server.' \
        --output "$made/two-interfaces.pcapng"
}

# A new file every two seconds, while one connection goes on.
recipe_rotated() {
    local log=$work/tcpdump.log files file number=0
    two_hosts
    ip netns exec client tcpdump -i eth0 -n -U --immediate-mode -Z root -G 2 -w "$work/rotated-%s.pcap" tcp 2>"$log" &
    captures+=($!)
    await grep -qs 'listening on' "$log"
    on server "$python" "$lib/tcp_end.py" listen $server 30000 read send:one read send:two read-all close &
    await listening server 30000
    on client "$python" "$lib/tcp_end.py" connect $server 30000 \
        send:one read sleep:2.5 send:two read finish read-all close
    capture_end
    files=("$work"/rotated-*.pcap)
    for file in "${files[@]}"; do
        number=$((number + 1))
        cp "$file" "$made/rotated-$number.pcap"
    done
}

recipe_nanoseconds() {
    two_hosts
    capture nanoseconds.pcap client eth0 --nano tcp
    hello_over_tcp
    capture_end
}

recipe_short_snaplen() {
    two_hosts
    # The last -s counts: each packet is cut after 80 octets, of which 66 are headers.
    capture short-snaplen.pcap client eth0 -s 80 tcp
    on server "$python" "$lib/tcp_end.py" listen $server 30000 read-all close &
    await listening server 30000
    on client "$python" "$lib/tcp_end.py" connect $server 30000 fill:4000 finish read-all close
    capture_end
}
