"""Joins an IPv4 and an IPv6 group for a second: join.py OWN_ADDRESS GROUP INTERFACE GROUP6"""

import socket
import struct
import sys
import time

own_address, group, interface, group6 = sys.argv[1:]

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as four, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
    membership = socket.inet_aton(group) + socket.inet_aton(own_address)
    four.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    membership6 = socket.inet_pton(socket.AF_INET6, group6) + struct.pack("=I", socket.if_nametoindex(interface))
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership6)
    time.sleep(1)
