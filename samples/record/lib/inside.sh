# Runs one recipe; all.sh starts it inside fresh namespaces.
#   inside.sh GROUP FUNCTION
# shellcheck shell=bash

set -euo pipefail

record_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lib=$record_dir/lib
work=/run/work
made=$work/made

# Nothing of the machine may get into a capture: names, users, time zone, language.
export TZ=UTC LC_ALL=C.UTF-8 HOME=$work PYTHONDONTWRITEBYTECODE=1
python=/usr/bin/python3

mount -t tmpfs tmpfs /run
mkdir -p "$made" && chmod 755 "$work"
[[ -n ${VERBOSE:-} ]] && exec 3>&2 || exec 3>"$work/log"
trap '[[ $? -eq 0 || -n ${VERBOSE:-} ]] || tail -20 "$work/log" >&2' EXIT

mount -t overlay overlay -o "lowerdir=$BORROWED/usr:/usr" /usr

cat >"$work/hosts" <<'HOSTS'
127.0.0.1   localhost
10.20.0.25  client.example.org
10.20.0.26  reader.example.com
10.20.0.20  smarthost.example.org
10.20.0.10  mx.example.com www.example.com
10.20.0.30  store.example.com
HOSTS
mount --bind "$work/hosts" /etc/hosts
: >"$work/resolv.conf"
[[ -L /etc/resolv.conf ]] || mount --bind "$work/resolv.conf" /etc/resolv.conf

source "$lib/net.sh"
source "$lib/capture.sh"
source "$record_dir/$1.sh"

ip link set lo up
hostname lab.example
"$2"
# Only what was recorded to its end replaces what was there.
cp -r "$made"/. "$OUT/"
