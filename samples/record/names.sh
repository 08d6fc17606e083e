# Names: postfix, opendkim, opendmarc and dig ask a name server (named); hosts tell each other their names (avahi).
# shellcheck shell=bash

source "$record_dir/mail.sh"

names=10.20.0.53

# named_on HOST: serves the zones of this folder, and asks nobody.
named_on() {
    local where=$1 zone policy
    mkdir -p "$work/named"
    cp "$record_dir"/names/*.zone "$work/named/"
    [[ ! -e $work/dkim.record ]] || cat "$work/dkim.record" >>"$work/named/example.org.zone"
    # A zone that is not to be had: what is asked about it fails.
    {
        cat <<CONF
options {
    directory "$work/named";
    pid-file none;
    session-keyfile none;
    listen-on { $names; };
    listen-on-v6 { none; };
    recursion no;
    minimal-responses no;
    dnssec-validation no;
    allow-transfer { 10.20.0.0/24; };
    server-id "names";
};
controls { };
CONF
        for zone in "$work/named"/*.zone; do
            zone=$(basename "$zone" .zone)
            [[ $zone == signed.* ]] && policy='dnssec-policy default; inline-signing yes;' || policy=
            echo "zone \"$zone\" { type primary; file \"$zone.zone\"; $policy };"
        done
        echo "zone \"broken.example.com\" { type primary; file \"missing\"; };"
    } >"$work/named/named.conf"
    on "$where" named -f -u root -c "$work/named/named.conf" >&3 2>&1 &
    await listening_udp "$where" 53
    # The system's own list of names would answer first.
    echo '127.0.0.1 localhost' >"$work/hosts"
    echo "nameserver $names" >"$work/resolv.conf"
}

# The key that example.org publishes; made up for these captures, and of no use elsewhere.
signing_key() {
    openssl genrsa -out "$work/dkim.pem" 1024 2>&3
    {
        printf 'mail._domainkey TXT ( "v=DKIM1; k=rsa; p="\n'
        openssl rsa -in "$work/dkim.pem" -pubout 2>&3 | sed '/^-/d; s/.*/ "&"/'
        echo ')'
    } >"$work/dkim.record"
}

# milter HOST PROGRAM OPTION: runs it there; its settings are in standard input, OPTION tells it so.
milter() {
    cat >"$work/$2-$1.conf"
    on "$1" "$2" -f "$3" "$work/$2-$1.conf" >&3 2>&1 &
}

# The MX of the recipient's domain and its address, then the mail; and what the server asks about the sender.
recipe_dns_mail() {
    host client client.example.org
    host smarthost smarthost.example.org
    host mx mx.example.com
    host names ns.example.com
    switch client $client/24 smarthost $smarthost/24 mx $mx/24 names $names/24
    know_each_other client $smarthost
    know_each_other smarthost $mx
    know_each_other smarthost $names
    know_each_other mx $names
    mail_users
    signing_key
    named_on names
    milter smarthost opendkim -x <<CONF
Mode s
Domain example.org
Selector mail
KeyFile $work/dkim.pem
RequireSafeKeys no
Socket inet:8891@127.0.0.1
InternalHosts 10.20.0.0/24
UserID root
CONF
    milter mx opendkim -x <<CONF
Mode v
Socket inet:8891@127.0.0.1
Nameservers $names
InternalHosts 127.0.0.1
ExternalIgnoreList 127.0.0.1
UserID root
CONF
    milter mx opendmarc -c <<CONF
AuthservID mx.example.com
Socket inet:8893@127.0.0.1
SPFSelfValidate true
SPFIgnoreResults true
IgnoreHosts /dev/null
PublicSuffixList /dev/null
UserID root
CONF
    await listening smarthost 8891
    await listening mx 8891
    await listening mx 8893
    trusted=127.0.0.0/8 final_server 'smtpd_peername_lookup = yes' 'disable_dns_lookups = no' \
        'smtpd_recipient_restrictions = reject_unknown_sender_domain, reject_rbl_client bl.example.net' \
        'smtpd_milters = inet:127.0.0.1:8891, inet:127.0.0.1:8893'
    postfix_on smarthost $smarthost 'disable_dns_lookups = no' 'smtp_host_lookup = dns' \
        'smtp_tls_security_level = may' 'smtpd_milters = inet:127.0.0.1:8891'
    capture dns-mail.pcap switch lan tcp or udp
    compose plain >"$work/message"
    on client swaks --helo client.example.org --from $from --to bob@example.com \
        --server $smarthost:587 --data "@$work/message" >&3 2>&1
    await has_mail
    capture_end 1
}

has_mail() { compgen -G "$work/mailboxes/bob/new/*" >/dev/null; }

asking_hosts() {
    host client client.example.org
    host names ns.example.com
    cable client $client/24 names $names/24
    know_each_other client $names
    named_on names
}

ask() { on client dig "@$names" +norecurse "$@" >&3; }

is_signed() { run_in names dig "@$names" +dnssec mail.signed.example.net A | grep -q RRSIG; }

recipe_dns_records() {
    asking_hosts
    await is_signed
    capture dns-records.pcap client eth0 port 53
    for question in 'example.com SOA' 'example.com NS' 'example.com MX' 'example.com TXT' 'example.com CAA' \
        'mx.example.com A' 'mx.example.com AAAA' 'www.example.com A' 'www.example.com HTTPS' 'shop.old.example.com A' \
        '_submission._tcp.example.com SRV' '_25._tcp.mx.example.com TLSA' 'example.com NAPTR' \
        '10.0.20.10.in-addr.arpa PTR' 'nobody.example.com A' 'example.com TYPE65280'; do
        # shellcheck disable=SC2086
        ask +nocookie $question
    done
    # What EDNS can say, and answers that say why there is none.
    ask +nsid +subnet=192.0.2.0/24 +dnssec example.com MX
    ask www.broken.example.com A
    ask +nocookie www.example.net.invalid A
    ask +nocookie xn--fsq.example.com A
    # Signatures, the key that they are verified with, and the proof that a name does not exist.
    ask +nocookie +dnssec mail.signed.example.net A
    ask +nocookie +dnssec signed.example.net DNSKEY
    ask +nocookie +dnssec nobody.signed.example.net A
    ask +nocookie example.com AXFR
    capture_end
}

# Nobody answers: dig asks three times, the system's resolver twice for each type.
recipe_dns_unanswered() {
    asking_hosts
    run_in names nft add table inet filter
    run_in names nft 'add chain inet filter input { type filter hook input priority 0; policy accept; }'
    run_in names nft add rule inet filter input udp dport 53 drop
    echo 'options timeout:1 attempts:2' >>"$work/resolv.conf"
    capture dns-unanswered.pcap client eth0 port 53
    on client dig @$names +nocookie +tries=3 +timeout=1 www.example.com A >&3 || true
    on client getent ahosts mx.example.com >&3 || true
    # The first query is lost, the second is answered.
    on client getent ahostsv4 www.example.com >&3 &
    sleep 0.5
    run_in names nft flush ruleset
    wait $!
    capture_end
}

# avahi_on HOST
avahi_on() {
    local etc=$work/avahi-$1
    mkdir -p "$etc"
    cat >"$etc/avahi.conf" <<CONF
[server]
host-name=$1
use-ipv6=no
allow-interfaces=eth0
enable-dbus=no
[publish]
publish-hinfo=no
publish-workstation=no
CONF
    # Each daemon has a folder of its own for what it keeps while it runs.
    on "$1" unshare --mount bash -c "
        echo \$\$ >$etc/pid
        mkdir -p /run/avahi-daemon
        mount -t tmpfs tmpfs /run/avahi-daemon
        exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f $etc/avahi.conf" >&3 2>&1 &
}

# Two hosts probe for their names, tell them, are asked, and take them back.
recipe_mdns() {
    host alpha alpha.local
    host beta beta.local
    cable alpha $client/24 beta $smarthost/24
    know_each_other alpha $smarthost
    ip -n beta route add 224.0.0.0/4 dev eth0
    capture mdns.pcap alpha eth0 udp port 5353
    avahi_on alpha
    sleep 3
    avahi_on beta
    sleep 3
    # A program that knows nothing of multicast asks the group (RFC 6762 section 6.7), and one that does.
    on beta dig @224.0.0.251 -p 5353 +nocookie +norecurse +tries=1 +timeout=1 alpha.local A >&3 || true
    on beta dig @224.0.0.251 -p 5353 -b $smarthost#5353 +noedns +norecurse +tries=1 +timeout=1 alpha.local A >&3 || true
    kill "$(<"$work/avahi-alpha/pid")"
    capture_end 1
}
