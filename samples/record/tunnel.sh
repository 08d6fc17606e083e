# Packets inside packets.
# shellcheck shell=bash

client=10.20.0.25
server=10.20.0.10

recipe_vxlan() {
    host client client.example.org
    host server server.example.com
    cable client $client/24 server $server/24
    know_each_other client $server
    tunnel_end client $server 10.99.0.1/24 02:00:00:00:02:01
    tunnel_end server $client 10.99.0.2/24 02:00:00:00:02:02
    capture vxlan.pcap client eth0
    run_in client ping -q -c 2 -i 0.3 10.99.0.2 >&3
    on server "$python" "$lib/tcp_end.py" listen 10.99.0.2 30000 read send:hello read-all close &
    await listening server 30000
    on client "$python" "$lib/tcp_end.py" connect 10.99.0.2 30000 send:hello read finish read-all close
    capture_end
}

# tunnel_end HOST OTHER_END INNER_ADDRESS/LENGTH INNER_MAC
tunnel_end() {
    ip -n "$1" link add vxlan42 type vxlan id 42 dstport 4789 remote "$2" dev eth0
    no_offload "$1" vxlan42
    ip -n "$1" link set vxlan42 address "$4"
    ip -n "$1" address add "$3" dev vxlan42
    ip -n "$1" link set vxlan42 up
}
