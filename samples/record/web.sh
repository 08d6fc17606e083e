# The web and names: curl and nginx, dig and dnsmasq, udhcpc and dnsmasq.
# shellcheck shell=bash

client=10.20.0.25
server=10.20.0.10

web_hosts() {
    host client client.example.org
    host server www.example.com
    cable client $client/24 server $server/24
    know_each_other client $server
}

nginx_on_server() {
    mkdir -p "$work/nginx/pages/private"
    cat >"$work/nginx/pages/index.html" <<'PAGE'
<!doctype html>
<title>Example</title>
<p>A page that was made to be fetched.</p>
PAGE
    cp "$work/nginx/pages/index.html" "$work/nginx/pages/private/"
    # Made up for these captures.
    printf 'alice:%s\n' "$(openssl passwd -apr1 open-sesame)" >"$work/nginx/users"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
        -subj "/O=Example/CN=www.example.com" -addext subjectAltName=DNS:www.example.com \
        -keyout "$work/nginx/key.pem" -out "$work/nginx/certificate.pem" 2>&3
    cat >"$work/nginx/nginx.conf" <<CONF
user root;
pid $work/nginx/pid;
error_log $work/nginx/error.log;
worker_processes 1;
events { }
http {
    access_log off;
    default_type text/html;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    server {
        listen $server:80;
        listen $server:443 ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        server_name www.example.com;
        ssl_certificate $work/nginx/certificate.pem;
        ssl_certificate_key $work/nginx/key.pem;
        root $work/nginx/pages;
        location /private/ {
            auth_basic "Private pages";
            auth_basic_user_file $work/nginx/users;
        }
    }
}
CONF
    on server nginx -e "$work/nginx/error.log" -c "$work/nginx/nginx.conf" >&3 2>&1
    await listening server 80
}

fetch() { on client curl -sS --resolve "*:80:$server" --resolve "*:443:$server" "$@" >&3 2>&1; }

recipe_http() {
    web_hosts
    nginx_on_server
    capture http.pcap client eth0 tcp
    fetch http://www.example.com/
    capture_end
}

recipe_http_basic_auth() {
    web_hosts
    nginx_on_server
    capture http-basic-auth.pcap client eth0 tcp
    # Asked without credentials, refused, and asked again on the same connection.
    fetch --anyauth --user alice:open-sesame http://www.example.com/private/
    capture_end
}

recipe_https_tls13() {
    web_hosts
    nginx_on_server
    capture https-tls13.pcap client eth0 tcp
    fetch --tlsv1.3 --cacert "$work/nginx/certificate.pem" https://www.example.com/
    capture_end
}

# The same with the keys of the session inside the capture, in a Decryption Secrets Block.
recipe_https_tls13_with_keys() {
    web_hosts
    nginx_on_server
    capture "$work/https.pcap" client eth0 tcp
    SSLKEYLOGFILE=$work/keys fetch --tlsv1.3 --cacert "$work/nginx/certificate.pem" https://www.example.com/
    capture_end
    "$python" "$lib/convert.py" "$work/https.pcap" --tls-keys "$work/keys" \
        --output "$made/https-tls13-with-keys.pcapng"
}

dnsmasq_on_server() {
    local text='a text that is one of many and makes the answer longer than others'
    on server dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts \
        --host-record=www.example.com,192.0.2.80,2001:db8::80 --mx-host=example.com,mx.example.com,10 \
        --host-record=mx.example.com,192.0.2.25 --txt-record="long.example.com$(printf ",$text %s" {1..10})" \
        --local=/example.com/ "$@" >&3 2>&1 &
}

recipe_dns_udp() {
    web_hosts
    dnsmasq_on_server
    await listening_udp server 53
    capture dns-udp.pcap client eth0 udp
    for question in 'www.example.com A' 'www.example.com AAAA' 'example.com MX' 'no-such-name.example.com A'; do
        # shellcheck disable=SC2086
        on client dig @$server +nocookie $question >&3
    done
    capture_end
}

recipe_dns_tcp() {
    web_hosts
    dnsmasq_on_server
    await listening server 53
    capture dns-tcp.pcap client eth0 tcp
    on client dig @$server +tcp +nocookie long.example.com TXT >&3
    capture_end
}

# Does not fit the datagram: the answer over UDP is truncated, the question comes again over TCP.
recipe_dns_truncated() {
    web_hosts
    dnsmasq_on_server
    await listening server 53
    capture dns-truncated.pcap client eth0 port 53
    on client dig @$server +noedns long.example.com TXT >&3
    capture_end
}

recipe_dhcp() {
    web_hosts
    ip -n client address flush dev eth0
    dnsmasq_on_server --port=0 --interface=eth0 --dhcp-range=10.20.0.100,10.20.0.120,1h \
        --dhcp-option=option:router,$server --dhcp-option=option:domain-name,example.com \
        --dhcp-leasefile="$work/leases" --no-ping
    await listening_udp server 67
    capture dhcp.pcap client eth0 udp or arp
    on client busybox udhcpc -i eth0 -n -q -f -t 3 -s /bin/true -x hostname:client -V 'udhcp' >&3 2>&1
    capture_end
}
