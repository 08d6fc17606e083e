# HTTP as conversations: curl and nginx, Python's http.server, and what neither says.
# shellcheck shell=bash

source "$record_dir/web.sh"

http_programs=$record_dir/hypertext

pages_on_server() {
    on server "$python" "$http_programs/server.py" $server 8080 >&3 2>&1 &
    await listening server 8080
}

# One connection: a page, a page compressed, its head alone, and a page that has not changed since.
recipe_http_keep_alive() {
    web_hosts
    nginx_on_server
    sed -i 's|default_type text/html;|& gzip on; gzip_min_length 0;|' "$work/nginx/nginx.conf"
    printf '<p>Line %d of a page that compresses well.</p>\n' {1..60} >>"$work/nginx/pages/index.html"
    on server nginx -e "$work/nginx/error.log" -c "$work/nginx/nginx.conf" -s reload >&3 2>&1
    sleep 0.5
    capture http-keep-alive.pcap client eth0 tcp
    local page=http://www.example.com/
    fetch $page --next --compressed $page --next --head $page --next -z "$work/nginx/pages/index.html" $page
    capture_end
}

recipe_http_pipelined() {
    web_hosts
    nginx_on_server
    capture http-pipelined.pcap client eth0 tcp
    on client "$python" "$http_programs/client.py" pipeline $server 80
    capture_end
}

recipe_http_chunked() {
    web_hosts
    pages_on_server
    capture http-chunked.pcap client eth0 tcp
    fetch http://www.example.com:8080/chunks
    capture_end
}

# Neither a length nor chunks: the body ends with the connection. A server that compresses while it sends, and may
# not use chunks, knows no other way.
recipe_http_until_close() {
    web_hosts
    nginx_on_server
    sed -i 's|default_type text/html;|& gzip on; gzip_min_length 0; chunked_transfer_encoding off;|' \
        "$work/nginx/nginx.conf"
    on server nginx -e "$work/nginx/error.log" -c "$work/nginx/nginx.conf" -s reload >&3 2>&1
    sleep 0.5
    capture http-until-close.pcap client eth0 tcp
    fetch --compressed http://www.example.com/
    capture_end
}

# A password in a form, a session in a cookie, and both again in a target.
recipe_http_login() {
    web_hosts
    pages_on_server
    capture http-login.pcap client eth0 tcp
    fetch --location --cookie '' --data 'user=alice&password=open-sesame' http://www.example.com:8080/login \
        --next 'http://www.example.com:8080/page?access_token=2YotnFZFEjr1zCsicMWpAA&lang=en'
    capture_end
}

recipe_http_100_continue() {
    web_hosts
    pages_on_server
    head -c 3000 /dev/zero | tr '\0' 'x' >"$work/upload"
    capture http-100-continue.pcap client eth0 tcp
    fetch --header 'Expect: 100-continue' --header 'Content-Type: text/plain' --data-binary "@$work/upload" \
        http://www.example.com:8080/upload
    capture_end
}

# Refused without credentials, then a tunnel, and TLS in it.
recipe_http_connect() {
    web_hosts
    nginx_on_server
    on server "$python" "$http_programs/server.py" --proxy $server 3128 >&3 2>&1 &
    await listening server 3128
    capture http-connect.pcap client eth0 tcp
    fetch --proxy http://$server:3128 --proxy-anyauth --proxy-user alice:open-sesame \
        --cacert "$work/nginx/certificate.pem" https://www.example.com/
    capture_end
}

recipe_http_websocket() {
    web_hosts
    pages_on_server
    capture http-websocket.pcap client eth0 tcp
    on client "$python" "$http_programs/client.py" websocket $server 8080
    capture_end
}

# Two lengths that disagree: what one server reads as a body, another reads as the next request.
recipe_http_two_lengths() {
    web_hosts
    nginx_on_server
    capture http-two-lengths.pcap client eth0 tcp
    on client "$python" "$http_programs/client.py" smuggle $server 80
    capture_end
}
