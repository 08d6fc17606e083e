# The internet layer: ARP, ICMP, IPv6, fragments, multicast membership.
# shellcheck shell=bash

client=10.20.0.25
server=10.20.0.10
client6=2001:db8:20::25
server6=2001:db8:20::10
far=10.30.0.10

two_hosts() {
    host client client.example.org
    host server server.example.com
    cable client $client/24 server $server/24
}

# client -- router -- far, the second cable with the given MTU.
routed_hosts() {
    host client client.example.org
    host router router.example
    host far far.example.com
    run_in router sysctl -qw net.ipv4.ip_forward=1
    cable client $client/24 router 10.20.0.1/24
    ip -n router link set eth0 name near0
    ip -n router link set near0 up
    cable router 10.30.0.1/24 far $far/24
    ip -n router link set eth0 mtu "$1"
    ip -n far link set eth0 mtu "$1"
    ip -n client route add default via 10.20.0.1
    ip -n far route add default via 10.30.0.1
    know_each_other client $far
}

recipe_arp_ping() {
    two_hosts
    capture arp-ping.pcap client eth0
    run_in client ping -q -c 3 -i 0.3 $server >&3
    capture_end
}

recipe_icmp_port_unreachable() {
    two_hosts
    know_each_other client $server
    capture icmp-port-unreachable.pcap client eth0
    on client dig @$server +tries=1 +time=1 +nocookie www.example.com A >&3 || true
    capture_end
}

recipe_icmp_time_exceeded() {
    routed_hosts 1500
    capture icmp-time-exceeded.pcap client eth0
    run_in client ping -q -c 2 -i 0.3 -t 1 $far >&3 || true
    capture_end
}

recipe_icmp_fragmentation_needed() {
    routed_hosts 1400
    capture icmp-fragmentation-needed.pcap client eth0
    # The first one is too long for the second cable; the client learns it and sends shorter ones.
    run_in client ping -q -c 1 -W 1 -M do -s 1472 $far >&3 || true
    run_in client ping -q -c 1 -W 1 -M do -s 1372 $far >&3
    capture_end
}

recipe_traceroute() {
    routed_hosts 1500
    capture traceroute.pcap client eth0
    on client busybox traceroute -n -q 1 -m 4 -w 1 $far >&3 2>&1
    capture_end
}

recipe_ipv6() {
    two_hosts
    # Begins before the addresses exist: duplicate address detection, then neighbour discovery, ping and TCP.
    capture ipv6.pcap client eth0 ip6
    on_ipv6 client $client6/64
    on_ipv6 server $server6/64
    run_in client ping -q -c 2 -i 0.3 $server6 >&3
    on server "$python" "$lib/tcp_end.py" listen $server6 30000 read send:hello read-all close &
    await listening server 30000
    on client "$python" "$lib/tcp_end.py" connect $server6 30000 send:hello read finish read-all close
    capture_end
}

recipe_icmpv6_port_unreachable() {
    two_hosts
    on_ipv6 client $client6/64
    on_ipv6 server $server6/64
    know_each_other client $server6
    capture icmpv6-port-unreachable.pcap client eth0 ip6
    on client dig @$server6 +tries=1 +time=1 +nocookie www.example.com A >&3 || true
    capture_end
}

recipe_ipv4_fragments() {
    two_hosts
    know_each_other client $server
    capture ipv4-fragments.pcap client eth0
    run_in client ping -q -c 1 -s 4000 $server >&3
    capture_end
}

recipe_ipv6_fragments() {
    two_hosts
    on_ipv6 client $client6/64
    on_ipv6 server $server6/64
    know_each_other client $server6
    capture ipv6-fragments.pcap client eth0 ip6
    run_in client ping -q -c 1 -s 4000 $server6 >&3
    capture_end
}

recipe_udp_fragments() {
    two_hosts
    know_each_other client $server
    on server socat -b 6000 UDP4-RECVFROM:30000 EXEC:cat &
    await listening_udp server 30000
    seq -f 'line %04.0f of a long datagram' 1 150 >"$work/datagram"
    capture udp-fragments.pcap client eth0
    on client socat -b 6000 -t 0.5 - UDP4-SENDTO:$server:30000 <"$work/datagram" >&3
    capture_end
}

recipe_multicast_membership() {
    two_hosts
    on_ipv6 client $client6/64
    sleep 1
    capture multicast-membership.pcap client eth0
    on client "$python" "$record_dir/ip/join.py" $client 233.252.0.1 eth0 ff15::db8:1
    capture_end 2
}
