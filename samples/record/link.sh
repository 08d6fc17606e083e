# The link layer: VLAN tags, frames that switches exchange, and captures that are not of Ethernet.
# shellcheck shell=bash

client=10.20.0.25
server=10.20.0.10

two_hosts() {
    host client client.example.org
    host server server.example.com
    cable client $client/24 server $server/24
}

hello_over_tcp() {
    on server "$python" "$lib/tcp_end.py" listen "$1" 30000 read send:hello read-all close &
    await listening server 30000
    on "${2:-client}" "$python" "$lib/tcp_end.py" connect "$1" 30000 send:hello read finish read-all close
}

# trunk FILE TAG...: ping and TCP between two hosts, seen on the tagged wire between them.
trunk() {
    local file=$1 tag
    shift
    host client client.example.org
    host server server.example.com
    host trunk trunk.example
    for tag; do set -- "$@" --tag "$tag"; shift; done
    slow_wire client $client/24 server $server/24 --trunk trunk0 "$@"
    ip link set trunk0 netns trunk
    ip -n trunk link set trunk0 address 02:00:00:00:01:01 mtu 1600
    ip -n trunk link set trunk0 up
    sleep 0.3
    capture "$file" trunk trunk0
    run_in client ping -q -c 2 -i 0.3 $server >&3
    hello_over_tcp $server
    capture_end
}

recipe_vlan() { trunk vlan.pcap 8100:10:3; }

recipe_vlan_qinq() { trunk vlan-qinq.pcap 88a8:100 8100:10; }

recipe_stp() {
    host client client.example.org
    host server server.example.com
    switch client $client/24 server $server/24
    ip -n switch link set lan type bridge stp_state 1 forward_delay 200 hello_time 100
    capture stp.pcap client eth0
    capture_end 4.5
}

send_frames() { on "$1" "$python" "$record_dir/link/send_frames.py" eth0 "$2"; }

recipe_lldp() {
    two_hosts
    capture lldp.pcap client eth0
    send_frames server lldp
    capture_end
}

recipe_pause() {
    two_hosts
    capture pause.pcap client eth0
    send_frames server pause
    send_frames server pfc
    capture_end
}

recipe_cooked_v1() { cooked cooked-v1.pcap LINUX_SLL; }

recipe_cooked_v2() { cooked cooked-v2.pcap LINUX_SLL2; }

# All interfaces at once: the packets have a cooked header in place of an Ethernet one.
cooked() {
    two_hosts
    capture "$1" server any -y "$2"
    run_in client ping -q -c 2 -i 0.3 $server >&3
    hello_over_tcp $server
    run_in server ping -q -c 1 127.0.0.1 >&3
    capture_end
}

# The loopback interface leaves TCP checksums unfinished: nobody would check them.
recipe_loopback() {
    host server server.example.com
    capture loopback.pcap server lo
    hello_over_tcp 127.0.0.1 server
    capture_end
}

# What a capture on a sending host shows when the work is left to the hardware: segments longer than the MTU and
# checksums that are not filled in.
recipe_tcp_offloaded() {
    two_hosts
    know_each_other client $server
    run_in client ethtool -K eth0 tx on sg on tso on gso on >/dev/null 2>&1
    capture tcp-offloaded.pcap client eth0 tcp
    on server "$python" "$lib/tcp_end.py" listen $server 30000 read-all close &
    await listening server 30000
    on client "$python" "$lib/tcp_end.py" connect $server 30000 fill:20000 finish read-all close
    capture_end
}
