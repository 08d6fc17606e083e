# The journey of one mail over several hosts, captured at several places at once.
# shellcheck shell=bash

source "$record_dir/mail.sh"

reader=10.20.0.26
store=10.20.0.30

# The smarthost rewrites a recipient: team@example.com is bob@example.com.
team_is_bob='virtual_alias_maps = inline:{ { team@example.com = bob@example.com } }'

# The client submits the mail.
post() {
    compose journey >"$work/message"
    on client swaks --helo client.example.org --from $from --to team@example.com,carol@example.com \
        --server $smarthost:587 --data "@$work/message" >&3 2>&1
}

# clock_off FILE SECONDS: as if the capture had been taken by a machine whose clock is wrong.
clock_off() {
    mv "$made/$1" "$work/$1"
    editcap -F pcap -t "$2" "$work/$1" "$made/$1"
}

bob_reads() {
    on reader curl -sS --login-options AUTH=PLAIN --user bob@example.com:four-score-and-seven "$@" >&3
}

has_mail() { compgen -G "$work/mailboxes/bob/new/*" >/dev/null; }

# Client, smarthost, mx, store, reader: SMTP, SMTP, LMTP, IMAP.
recipe_mail_journey() {
    host client client.example.org
    host smarthost smarthost.example.org
    host mx mx.example.com
    host store store.example.com
    host reader reader.example.com
    switch client $client/24 smarthost $smarthost/24 mx $mx/24 store $store/24 reader $reader/24
    know_each_other client $smarthost
    know_each_other smarthost $mx
    know_each_other mx $store
    know_each_other reader $store
    mail_users
    postfix_on smarthost $smarthost 'relayhost = mx.example.com' "$team_is_bob"
    # Of both kinds of queue ids, the smarthost's are short and those of mx are long.
    final_server 'enable_long_queue_ids = yes' "virtual_transport = lmtp:inet:[$store]:24"
    dovecot_on store $store 'lmtp imap'
    await listening store 24
    await listening store 143
    # The bridge sees each frame once, and those of all cables.
    capture mail-journey.pcap switch lan tcp
    capture mail-journey-1-client.pcap client eth0 tcp
    capture mail-journey-2-relay.pcap mx eth0 tcp and host $smarthost
    capture mail-journey-3-reader.pcap reader eth0 tcp
    # Nothing there yet: so the reader's capture begins first, by the slow clock too.
    bob_reads "imap://$store/" -X 'STATUS INBOX (MESSAGES)'
    sleep 2.5
    post
    await has_mail
    sleep 0.5
    bob_reads "imap://$store/INBOX;MAILINDEX=1"
    capture_end 1
    clock_off mail-journey-2-relay.pcap -1.7
}

is_deferred() { find "$work/postfix-smarthost-queue/deferred" -type f | grep -q .; }

# greylisted FILE RECIPIENT...: mx asks the smarthost to come again for these, and it does, some seconds later.
greylisted() {
    local file=$1 recipient table=
    shift
    for recipient; do table+="{ $recipient = 450 4.2.0 Greylisted, try again in three seconds } "; done
    host client client.example.org
    host smarthost smarthost.example.org
    host mx mx.example.com
    switch client $client/24 smarthost $smarthost/24 mx $mx/24
    know_each_other client $smarthost
    know_each_other smarthost $mx
    mail_users
    postfix_on smarthost $smarthost 'relayhost = mx.example.com' "$team_is_bob"
    final_server "smtpd_recipient_restrictions = check_recipient_access inline:{ $table}"
    capture "$file" smarthost eth0 tcp
    post
    await is_deferred
    sleep 3
    echo 'smtpd_recipient_restrictions =' >>"$work/postfix-mx/main.cf"
    on mx postfix -c "$work/postfix-mx" reload >&3 2>&1
    sleep 0.5
    on smarthost postqueue -c "$work/postfix-smarthost" -f
    await has_mail
    capture_end 1
}

recipe_mail_journey_greylisted() {
    greylisted mail-journey-greylisted.pcap bob@example.com carol@example.com
}

# mx knows that alice writes to carol: her copy is accepted at once, bob's later.
recipe_mail_journey_greylisted_partly() {
    greylisted mail-journey-greylisted-partly.pcap bob@example.com
}
