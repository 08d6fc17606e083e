# Mail: swaks and small clients talk to postfix, dovecot and aiosmtpd.
# shellcheck shell=bash

client=10.20.0.25
smarthost=10.20.0.20
mx=10.20.0.10

from=alice@example.org
# Made up for these captures.
user=alice@example.org
password=correct-horse-battery

mail_hosts() {
    host client client.example.org
    host mx mx.example.com
    cable client $client/24 mx $mx/24
    know_each_other client $mx
    mail_users
}

# Users that the servers give up their rights to; only these namespaces know them.
mail_users() {
    local name file
    for file in passwd group; do cp "/etc/$file" "$work/$file"; done
    for name in postfix:711 postdrop:712 mailbox:713 dovecot:714 dovenull:715; do
        grep -q "^${name%:*}:" "$work/passwd" || echo "${name%:*}:x:${name#*:}:${name#*:}::/:/bin/false" >>"$work/passwd"
        grep -q "^${name%:*}:" "$work/group" || echo "${name%:*}:x:${name#*:}:" >>"$work/group"
    done
    for file in passwd group; do mount --bind "$work/$file" "/etc/$file"; done
    mkdir -p "$work/mailboxes" && chown mailbox:mailbox "$work/mailboxes"
}

certificate() {
    on mx openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
        -subj "/O=Example/CN=mx.example.com" -addext subjectAltName=DNS:mx.example.com \
        -keyout "$work/key.pem" -out "$work/certificate.pem" 2>&3
}

# postfix_on HOST ADDRESS SETTING...: an instance of its own, listening on 25, 465 and 587.
postfix_on() {
    local where=$1 address=$2 etc=$work/postfix-$1 files=/etc/postfix
    shift 2
    mkdir -p "$etc" "$etc-queue" "$etc-data"
    chown postfix "$etc-data"
    [[ -e $files/postfix-files ]] || files=$BORROWED/etc/postfix
    cp "$files/postfix-files" "$etc/"
    sed -e "s#^shlib_directory.*##" "$files/dynamicmaps.cf" >"$etc/dynamicmaps.cf" 2>/dev/null || true
    cat >"$etc/main.cf" <<MAIN
compatibility_level = 3.6
myhostname = ${host_name[$where]}
mydestination =
mynetworks = ${trusted:-10.20.0.0/24, [2001:db8:20::]/64}
inet_interfaces = $address
inet_protocols = all
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
shlib_directory = /usr/lib/postfix
meta_directory = $etc
queue_directory = $etc-queue
data_directory = $etc-data
maillog_file_prefixes = /run
maillog_file = $etc/log
smtpd_banner = \$myhostname ESMTP Postfix
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtp_tls_security_level = none
virtual_mailbox_base = $work/mailboxes
virtual_uid_maps = static:713
virtual_gid_maps = static:713
MAIN
    printf '%s\n' "${@:-}" >>"$etc/main.cf"
    cat >"$etc/master.cf" <<'MASTER'
smtp       inet  n - n -    - smtpd
465        inet  n - n -    - smtpd -o smtpd_tls_wrappermode=yes
587        inet  n - n -    - smtpd
pickup     unix  n - n 60   1 pickup
cleanup    unix  n - n -    0 cleanup
qmgr       unix  n - n 300  1 qmgr
tlsmgr     unix  - - n 1000 1 tlsmgr
rewrite    unix  - - n -    - trivial-rewrite
bounce     unix  - - n -    0 bounce
defer      unix  - - n -    0 bounce
trace      unix  - - n -    0 bounce
verify     unix  - - n -    1 verify
flush      unix  n - n 1000 0 flush
proxymap   unix  - - n -    - proxymap
proxywrite unix  - - n -    1 proxymap
smtp       unix  - - n -    - smtp
lmtp       unix  - - n -    - lmtp
relay      unix  - - n -    - smtp
showq      unix  n - n -    - showq
error      unix  - - n -    - error
retry      unix  - - n -    - error
discard    unix  - - n -    - discard
virtual    unix  - n n -    - virtual
anvil      unix  - - n -    1 anvil
scache     unix  - - n -    1 scache
postlog    unix-dgram n - n - 1 postlogd
MASTER
    on "$where" postfix -c "$etc" start >&3 2>&1
    await listening "$where" 25
}

# The server of example.com: bob and carol have mailboxes there.
final_server() {
    postfix_on mx "$mx" \
        'virtual_mailbox_domains = example.com' \
        'virtual_mailbox_maps = inline:{ { bob@example.com = bob/ }, { carol@example.com = carol/ } }' \
        "$@"
}

dovecot_on_mx() { dovecot_on mx "$mx" "$1"; }

# dovecot_on HOST ADDRESS PROTOCOLS
dovecot_on() {
    local where=$1 address=$2
    mkdir -p "$work/dovecot"
    cat >"$work/dovecot.users" <<USERS
$user:{PLAIN}$password::::::
bob@example.com:{PLAIN}four-score-and-seven::::::
carol@example.com:{PLAIN}made-up-as-well::::::
USERS
    cat >"$work/dovecot.conf" <<CONF
base_dir = $work/dovecot
protocols = $3
listen = $address
${dovecot_tls:-ssl = no}
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 apop
hostname = ${host_name[$where]}
postmaster_address = postmaster@example.com
log_path = $work/dovecot.log
mail_location = maildir:$work/mailboxes/%n
mail_uid = 713
mail_gid = 713
first_valid_uid = 713
lmtp_save_to_detail_mailbox = no
passdb {
  driver = passwd-file
  args = $work/dovecot.users
}
userdb {
  driver = passwd-file
  args = $work/dovecot.users
}
service auth {
  unix_listener auth-smtp {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
service lmtp {
  inet_listener lmtp {
    address = $address
    port = 24
  }
}
${dovecot_settings:-}
CONF
    on "$where" dovecot -c "$work/dovecot.conf" >&3 2>&1
    await test -S "$work/dovecot/auth-smtp"
}

asks_for_password() {
    dovecot_on_mx none
    final_server 'smtpd_sasl_auth_enable = yes' 'smtpd_sasl_type = dovecot' \
        "smtpd_sasl_path = $work/dovecot/auth-smtp" \
        'smtpd_recipient_restrictions = permit_sasl_authenticated, reject' "$@"
}

offers_tls() {
    certificate
    final_server 'smtpd_tls_security_level = may' \
        "smtpd_tls_cert_file = $work/certificate.pem" "smtpd_tls_key_file = $work/key.pem" "$@"
}

# send ARGUMENT...: swaks on the client.
send() {
    on client swaks --helo client.example.org --from $from --protocol ESMTP \
        --header-X-Mailer 'swaks' --header 'Subject: Lunch on Friday' \
        --body 'Hello Bob,\n\nlunch on Friday at noon?\n\nAlice\n' "$@" >&3 2>&1
}

compose() { "$python" "$record_dir/mail/compose.py" "$@"; }

recipe_mail_plain() {
    mail_hosts
    final_server
    capture mail-plain.pcap client eth0 tcp
    send --server $mx --to bob@example.com
    capture_end
}

recipe_mail_refused() {
    mail_hosts
    final_server
    capture mail-refused.pcap client eth0 tcp
    send --server $mx --to nobody@example.com,bob@example.com || true
    capture_end
}

# Three sessions: a recipient that is unknown, one of a domain that is served elsewhere, one that is to be tried later.
recipe_mail_refusals() {
    mail_hosts
    trusted=127.0.0.0/8 final_server \
        'smtpd_recipient_restrictions = reject_unauth_destination, reject_unlisted_recipient,
            check_recipient_access inline:{ { carol@example.com = 450 4.2.1 Mailbox is busy } }'
    capture mail-refusals.pcap client eth0 tcp
    for recipient in nobody@example.com dora@example.net carol@example.com; do
        send --server $mx --to "$recipient" || true
    done
    capture_end
}

recipe_mail_relayed() {
    host client client.example.org
    host smarthost smarthost.example.org
    host mx mx.example.com
    switch client $client/24 smarthost $smarthost/24 mx $mx/24
    know_each_other client $smarthost
    know_each_other smarthost $mx
    mail_users
    postfix_on smarthost $smarthost 'relayhost = mx.example.com'
    final_server
    # One event, three points of view.
    capture mail-relayed.pcap smarthost eth0 tcp
    capture mail-relayed-first-hop.pcap client eth0 tcp
    capture mail-relayed-second-hop.pcap mx eth0 tcp
    send --server $smarthost --to bob@example.com,carol@example.com
    sleep 1.5
    capture_end
}

recipe_mail_auth_plain() {
    mail_hosts
    asks_for_password
    capture mail-auth-plain.pcap client eth0 tcp
    send --server $mx:587 --to bob@example.com --auth PLAIN --auth-user $user --auth-password $password
    capture_end
}

recipe_mail_auth_login() {
    mail_hosts
    asks_for_password
    capture mail-auth-login.pcap client eth0 tcp
    send --server $mx:587 --to bob@example.com --auth LOGIN --auth-user $user --auth-password $password
    capture_end
}

recipe_mail_auth_cram_md5() {
    mail_hosts
    asks_for_password
    capture mail-auth-cram-md5.pcap client eth0 tcp
    send --server $mx:587 --to bob@example.com --auth CRAM-MD5 --auth-user $user --auth-password $password
    capture_end
}

recipe_mail_auth_failed() {
    mail_hosts
    asks_for_password
    capture mail-auth-failed.pcap client eth0 tcp
    send --server $mx:587 --to bob@example.com --auth PLAIN --auth-user $user --auth-password wrong-password || true
    capture_end 1
}

recipe_mail_starttls() {
    mail_hosts
    offers_tls
    capture mail-starttls.pcap client eth0 tcp
    send --server $mx --to bob@example.com --tls
    capture_end
}

recipe_mail_implicit_tls() {
    mail_hosts
    offers_tls
    capture mail-implicit-tls.pcap client eth0 tcp
    send --server $mx:465 --to bob@example.com --tls-on-connect
    capture_end
}

# TLS is on offer, and the client sends its password before and without it.
recipe_mail_auth_without_tls() {
    mail_hosts
    certificate
    asks_for_password 'smtpd_tls_security_level = may' \
        "smtpd_tls_cert_file = $work/certificate.pem" "smtpd_tls_key_file = $work/key.pem"
    capture mail-auth-without-tls.pcap client eth0 tcp
    send --server $mx:587 --to bob@example.com --auth LOGIN --auth-user $user --auth-password $password
    capture_end
}

recipe_mail_chunking() {
    mail_hosts
    final_server
    capture mail-chunking.pcap client eth0 tcp
    on client "$python" "$record_dir/mail/send_chunks.py" $mx 25 >&3
    capture_end
}

recipe_mail_pipelined() {
    mail_hosts
    final_server
    capture mail-pipelined.pcap client eth0 tcp
    send --server $mx --to bob@example.com,nobody@example.com,carol@example.com --pipeline
    capture_end
}

recipe_mail_two_in_one_session() {
    mail_hosts
    final_server
    capture mail-two-in-one-session.pcap client eth0 tcp
    on client "$python" "$record_dir/mail/send_two.py" $mx 25 >&3
    capture_end
}

recipe_mail_attachment_utf8() {
    mail_hosts
    final_server
    compose attachment >"$work/message"
    capture mail-attachment-utf8.pcap client eth0 tcp
    on client swaks --helo client.example.org --from $from --to bob@example.com --server $mx \
        --data "@$work/message" >&3 2>&1
    capture_end
}

recipe_mail_dot_stuffing() {
    mail_hosts
    final_server
    compose dots >"$work/message"
    capture mail-dot-stuffing.pcap client eth0 tcp
    on client swaks --helo client.example.org --from $from --to bob@example.com --server $mx \
        --data "@$work/message" >&3 2>&1
    capture_end
}

recipe_mail_port_2525() {
    mail_hosts
    on mx aiosmtpd -n -l $mx:2525 -c aiosmtpd.handlers.Sink >&3 2>&1 &
    await listening mx 2525
    capture mail-port-2525.pcap client eth0 tcp
    send --server $mx:2525 --to bob@example.com
    capture_end
}

recipe_mail_connect_only() {
    mail_hosts
    final_server
    capture mail-connect-only.pcap client eth0 tcp
    send --server $mx --to bob@example.com --quit-after CONNECT || true
    capture_end
}

recipe_mail_timeout_421() {
    mail_hosts
    final_server 'smtpd_timeout = 2s'
    capture mail-timeout-421.pcap client eth0 tcp
    on client "$python" "$lib/tcp_end.py" connect $mx 25 read send:'EHLO client.example.org' read read-all close
    capture_end
}

recipe_mail_lmtp() {
    mail_hosts
    dovecot_on_mx lmtp
    await listening mx 24
    capture mail-lmtp.pcap client eth0 tcp
    send --server $mx:24 --protocol LMTP --to bob@example.com,nobody@example.com,carol@example.com
    capture_end
}

recipe_mail_over_ipv6() {
    host client client.example.org
    host mx mx.example.com
    cable client $client/24 mx $mx/24
    on_ipv6 client 2001:db8:20::25/64
    on_ipv6 mx 2001:db8:20::10/64
    mx=2001:db8:20::10
    know_each_other client $mx
    mail_users
    final_server
    capture mail-over-ipv6.pcap client eth0 tcp
    on client "$python" "$record_dir/mail/send_two.py" $mx 25 >&3
    capture_end
}

a_mail_waits() {
    dovecot_on_mx "$1"
    mkdir -p "$work"/mailboxes/bob/{new,cur,tmp}
    compose plain >"$work/mailboxes/bob/new/1.1.mx"
    chown -R mailbox:mailbox "$work/mailboxes"
}

recipe_mail_pop3() {
    mail_hosts
    a_mail_waits pop3
    await listening mx 110
    capture mail-pop3.pcap client eth0 tcp
    on client curl -sS --login-options AUTH=PLAIN --user bob@example.com:four-score-and-seven pop3://$mx/1 >&3
    capture_end 1
}

recipe_mail_imap() {
    mail_hosts
    a_mail_waits imap
    await listening mx 143
    capture mail-imap.pcap client eth0 tcp
    on client curl -sS --login-options AUTH=PLAIN --user bob@example.com:four-score-and-seven \
        "imap://$mx/INBOX;MAILINDEX=1" >&3
    capture_end 1
}

# Everything that a small mail program does over IMAP, waiting for a mail that comes meanwhile.
recipe_mail_imap_session() {
    mail_hosts
    dovecot_settings='namespace inbox {
      inbox = yes
      mailbox Sent {
        auto = create
        special_use = \Sent
      }
    }' a_mail_waits imap
    await listening mx 143
    compose dots >"$work/message"
    chown mailbox:mailbox "$work/message"
    capture mail-imap-session.pcap client eth0 tcp
    on client "$python" "$record_dir/mail/read_imap.py" $mx bob@example.com four-score-and-seven \
        mv "$work/message" "$work/mailboxes/bob/new/2.2.mx" >&3
    capture_end
}

recipe_mail_imap_refused() {
    mail_hosts
    a_mail_waits imap
    await listening mx 143
    capture mail-imap-refused.pcap client eth0 tcp
    on client curl -sS --login-options AUTH=PLAIN --user bob@example.com:wrong-password \
        "imap://$mx/INBOX;MAILINDEX=1" >&3 2>&1 || true
    capture_end 1
}

# reads_over_tls PROTOCOL: a server that has a mail for bob, and a certificate.
reads_over_tls() {
    mail_hosts
    certificate
    dovecot_settings="ssl = yes
ssl_cert = <$work/certificate.pem
ssl_key = <$work/key.pem" a_mail_waits "$1"
}

recipe_mail_imap_starttls() {
    reads_over_tls imap
    await listening mx 143
    capture mail-imap-starttls.pcap client eth0 tcp
    on client curl -sS --insecure --ssl-reqd --user bob@example.com:four-score-and-seven \
        "imap://$mx/INBOX;MAILINDEX=1" >&3
    capture_end 1
}

recipe_mail_pop3_session() {
    mail_hosts
    a_mail_waits pop3
    await listening mx 110
    capture mail-pop3-session.pcap client eth0 tcp
    on client "$python" "$record_dir/mail/read_pop3.py" $mx bob@example.com four-score-and-seven >&3
    capture_end
}

recipe_mail_pop3_apop() {
    mail_hosts
    a_mail_waits pop3
    await listening mx 110
    capture mail-pop3-apop.pcap client eth0 tcp
    on client "$python" "$record_dir/mail/read_pop3.py" --apop $mx bob@example.com four-score-and-seven >&3
    capture_end
}

recipe_mail_pop3_stls() {
    reads_over_tls pop3
    await listening mx 110
    capture mail-pop3-stls.pcap client eth0 tcp
    on client curl -sS --insecure --ssl-reqd --user bob@example.com:four-score-and-seven pop3://$mx/1 >&3
    capture_end 1
}
