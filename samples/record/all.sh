#!/usr/bin/env bash
# Records the samples again: real programs that talk to each other in network namespaces of their own.
#
#   all.sh                     every recipe
#   all.sh mail tcp            every recipe of these groups (the other scripts of this folder)
#   all.sh mail-relayed        one recipe
#   all.sh --list              the recipes, and the group of each
#   all.sh --out DIR ...       write the captures there (otherwise to the folder above this one, and those of the
#                              group `cases` to the folders of tests/cases/tcp)
#   all.sh --verbose ...       show what the programs say
#
# Needs root on Linux with veth, bridge, tun, vxlan, nftables and overlayfs, and these Debian packages:
#   tcpdump tshark iproute2 ethtool nftables util-linux python3 python3-aiosmtpd swaks
#   dovecot-core dovecot-imapd dovecot-pop3d nginx-light curl openssl dnsmasq-base bind9-dnsutils
#   iputils-ping bind9 opendkim opendmarc avahi-daemon
# and these, which are fetched with apt and used without being installed where they are missing:
#   postfix dovecot-lmtpd busybox libnet-ssleay-perl

set -euo pipefail

record_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
samples_dir=$(dirname "$record_dir")
cases_dir=$(dirname "$samples_dir")/tests/cases/tcp
out_dir=
recipe_seconds=90
verbose=

# The order matters in one place: `derived` makes its files from captures of the groups before it.
groups=(mail journey web names hypertext tls tcp ip link tunnel derived cases)

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

recipes_of() { sed -n 's/^recipe_\([a-z0-9_]*\)() .*/\1/p' "$record_dir/$1.sh" | tr _ -; }

list_recipes() {
    local group recipe
    for group in "${groups[@]}"; do
        for recipe in $(recipes_of "$group"); do printf '%s\t%s\n' "$group" "$recipe"; done
    done
}

# A package that is not installed is unpacked beside the system, never into it.
borrow() {
    local package=$1 program=$2
    [[ -e $program ]] && return
    [[ -e $borrowed/.$package ]] && return
    echo "fetching $package" >&2
    (cd "$borrowed" && apt-get download -q "$package" >/dev/null 2>&1 && dpkg -x "$package"_*.deb .)
    [[ ! -d $borrowed/bin ]] || cp -a "$borrowed/bin/." "$borrowed/usr/bin/"
    touch "$borrowed/.$package"
}

wanted=()
while (($#)); do
    case $1 in
        --help | -h) usage; exit ;;
        --list) list_recipes; exit ;;
        --out) out_dir=$(mkdir -p "$2" && cd "$2" && pwd); shift ;;
        --verbose) verbose=1 ;;
        -*) usage >&2; exit 2 ;;
        *) wanted+=("$1") ;;
    esac
    shift
done

if ((EUID != 0)); then
    echo "all.sh: needs root, for namespaces and for capturing" >&2
    exit 2
fi

borrowed=$(mktemp -d)
trap 'rm -rf "$borrowed"' EXIT
chmod 755 "$borrowed"
mkdir -p "$borrowed/usr/bin"
borrow postfix /usr/sbin/postfix
borrow busybox /usr/bin/busybox
borrow dovecot-lmtpd /usr/lib/dovecot/lmtp
perl -MNet::SSLeay -e 1 2>/dev/null || borrow libnet-ssleay-perl /no-such-file

failed=()
while IFS=$'\t' read -r group recipe; do
    if ((${#wanted[@]})) && [[ " ${wanted[*]} " != *" $group "* && " ${wanted[*]} " != *" $recipe "* ]]; then
        continue
    fi
    echo "== $recipe"
    [[ $group == cases ]] && made_for=$cases_dir || made_for=$samples_dir
    # All that a recipe starts lives in these namespaces and ends with them.
    BORROWED=$borrowed OUT=${out_dir:-$made_for} VERBOSE=$verbose \
        timeout --kill-after=5 "$recipe_seconds" \
        unshare --mount --net --uts --ipc --pid --fork --kill-child --mount-proc --propagation private \
        bash "$record_dir/lib/inside.sh" "$group" "recipe_${recipe//-/_}" </dev/null || failed+=("$recipe")
done < <(list_recipes)

if ((${#failed[@]})); then
    echo "not recorded: ${failed[*]}" >&2
    exit 1
fi
