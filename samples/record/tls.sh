# TLS opened with its keys: Python's smtplib, swaks, curl and openssl talk to aiosmtpd, nginx and Dovecot.
# Each capture holds the keys of its sessions in a Decryption Secrets Block.
# shellcheck shell=bash

source "$record_dir/mail.sh"
source "$record_dir/web.sh"

# keep NAME KEYS: the capture that was made, with these keys, and what the server stored, if it did.
keep() {
    capture_end
    "$python" "$lib/convert.py" "$work/$1.pcap" --tls-keys "$2" --output "$made/$1.pcapng"
    [[ ! -e $work/stored.eml ]] || cp "$work/stored.eml" "$made/$1.stored.eml"
}

# store_on_mx PORT starttls|implicit
store_on_mx() {
    on mx "$python" "$record_dir/tls/store.py" $mx "$1" "$2" "$work" >&3 2>&1 &
    await listening mx "$1"
}

recipe_tls_smtplib_starttls() {
    mail_hosts
    certificate
    store_on_mx 587 starttls
    capture "$work/tls-smtplib-starttls.pcap" client eth0 tcp
    SSLKEYLOGFILE=$work/keys on client "$python" "$record_dir/tls/send.py" mx.example.com 587 starttls TLSv1_3 \
        "$work/certificate.pem" >&3 2>&1
    keep tls-smtplib-starttls "$work/keys"
}

recipe_tls_smtplib_implicit() {
    mail_hosts
    certificate
    store_on_mx 465 implicit
    capture "$work/tls-smtplib-implicit.pcap" client eth0 tcp
    SSLKEYLOGFILE=$work/keys on client "$python" "$record_dir/tls/send.py" mx.example.com 465 implicit TLSv1_2 \
        "$work/certificate.pem" >&3 2>&1
    keep tls-smtplib-implicit "$work/keys"
}

# swaks writes down no keys; the server does.
recipe_tls_swaks() {
    mail_hosts
    certificate
    store_on_mx 25 starttls
    capture "$work/tls-swaks.pcap" client eth0 tcp
    send --server $mx --to bob@example.com --tls
    keep tls-swaks "$work/server-keys"
}

recipe_tls_s_client() {
    mail_hosts
    certificate
    store_on_mx 25 starttls
    capture "$work/tls-s-client.pcap" client eth0 tcp
    {
        for line in 'EHLO client.example.org' 'MAIL FROM:<alice@example.org>' 'RCPT TO:<bob@example.com>' DATA \
            $'Subject: by hand\n\nTyped.\n.' QUIT; do
            sleep 0.4
            printf '%s\n' "$line"
        done
        sleep 0.4
    } | on client openssl s_client -connect mx.example.com:25 -starttls smtp -crlf -quiet -tls1_2 \
        -cipher ECDHE-ECDSA-CHACHA20-POLY1305 -keylogfile "$work/keys" >&3 2>&1
    keep tls-s-client "$work/keys"
}

recipe_tls_curl_12() {
    web_hosts
    nginx_on_server
    capture "$work/tls-curl-12.pcap" client eth0 tcp
    SSLKEYLOGFILE=$work/keys fetch --tls-max 1.2 --http1.1 --cacert "$work/nginx/certificate.pem" \
        https://www.example.com/ https://www.example.com/no-such-page
    keep tls-curl-12 "$work/keys"
}

# A mailbox read over IMAPS, and again over POP3 with STLS.
recipe_tls_fetch() {
    mail_hosts
    certificate
    dovecot_tls="ssl = yes
ssl_cert = <$work/certificate.pem
ssl_key = <$work/key.pem"
    a_mail_waits 'imap pop3'
    await listening mx 993
    capture "$work/tls-fetch.pcap" client eth0 tcp
    local by=(on client curl -sS --cacert "$work/certificate.pem" --user bob@example.com:four-score-and-seven)
    SSLKEYLOGFILE=$work/keys "${by[@]}" 'imaps://mx.example.com/INBOX;MAILINDEX=1' >&3
    SSLKEYLOGFILE=$work/keys "${by[@]}" --ssl-reqd pop3://mx.example.com/1 >&3
    keep tls-fetch "$work/keys"
}
