//! Requests and responses made of heads.

use super::decode::Coding;
use super::exchange::{
    After, Authorization, Body, Exchange, Field, Framing, Message, Request, Response, Warning,
};
use super::framing::declared_length;
use super::half::Mark;
use super::head::{Head, Start};
use super::start::TargetForm;
use super::text::Text;
use crate::conversation::smtp::base64;
use crate::packet::Side;

/// A message of which the head has come.
pub(super) fn message(head: Head, framing: Framing, begun: Mark, ended: Mark) -> (Start, Message) {
    let body = body(&head);
    let declared_length = declared_length(&head);
    let Head { start, minor, fields, fields_left_out, octets, warnings: _ } = head;
    let message = Message {
        minor,
        fields,
        fields_left_out,
        trailer: Vec::new(),
        head_octets: octets,
        framing,
        declared_length,
        body,
        first_packet: begun.packet,
        head_last_packet: ended.packet,
        last_packet: ended.packet,
        first_time: begun.time,
        last_time: ended.time,
        cut: None,
    };
    (start, message)
}

fn body(head: &Head) -> Body {
    let content_type = head.all("Content-Type").next().unwrap_or_default();
    let mut parameters = content_type.split(';').map(str::trim);
    let essence = parameters.next().filter(|essence| !essence.is_empty()).map(str::to_ascii_lowercase);
    let charset = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.eq_ignore_ascii_case("charset").then(|| value.trim_matches('"').to_owned())
    });
    let mut codings = head.list("Content-Encoding");
    codings.retain(|coding| coding != "identity");
    Body { content_type: essence, charset, codings, ..Body::default() }
}

/// The coding of a body that can be undone: the only one, of a whole representation (RFC 9110 section 14.1.2: parts
/// are counted in the coded octets), with no other transfer coding than chunked around it.
pub(super) fn coding_to_undo(message: &Message, status: Option<u16>) -> Option<Coding> {
    let [coding] = &message.body.codings[..] else { return None };
    let transfer = message.field("Transfer-Encoding").map(Text::all);
    let is_alone = transfer.is_none_or(|coding| coding.trim().eq_ignore_ascii_case("chunked"));
    Coding::named(coding).filter(|_| is_alone && status != Some(206))
}

/// The name that a Content-Disposition field gives to the content (RFC 6266 section 4.3).
pub(super) fn file_name(message: &Message) -> Option<&str> {
    let value = message.field("Content-Disposition")?.all();
    let mut parameters = value.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    let (_, name) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("filename"))?;
    Some(name.trim().trim_matches('"')).filter(|name| !name.is_empty())
}

/// A request, and what is odd about it.
pub(super) fn request(method: String, target: Text, message: Message) -> (Request, Vec<Warning>) {
    let mut warnings = Vec::new();
    let form = TargetForm::of(&method, target.all());
    let hosts = message.fields.iter().filter(|field| field.name.eq_ignore_ascii_case("Host")).count();
    if hosts > 1 {
        warnings.push(Warning::SeveralHosts);
    }
    if hosts == 0 && message.minor >= 1 && message.fields_left_out == 0 {
        warnings.push(Warning::NoHost);
    }
    if target.has_secrets() {
        warnings.push(Warning::SecretInTarget);
    }
    let host = match form {
        TargetForm::Absolute => host_of_uri(target.all()),
        TargetForm::Authority => Some(target.all()),
        TargetForm::Origin | TargetForm::Asterisk | TargetForm::Other => None,
    };
    let host = host.or_else(|| message.field("Host").map(Text::all)).map(str::to_owned);
    let authorization = ["Authorization", "Proxy-Authorization"].into_iter();
    let authorization =
        authorization.filter_map(|name| message.field(name)).find_map(|value| authorization_of(value.all()));
    (
        Request { method, target, form, host: host.filter(|host| !host.is_empty()), authorization, message },
        warnings,
    )
}

/// The host and port of an absolute URI (RFC 3986 section 3.2), without user information.
fn host_of_uri(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Some(authority.rsplit_once('@').map_or(authority, |(_, host)| host))
}

/// RFC 9110 section 11.4; the user of Basic (RFC 7617 section 2) and of Digest (RFC 7616 section 3.4).
fn authorization_of(value: &str) -> Option<Authorization> {
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    // a word that is no scheme may be the secret itself
    let is_scheme = scheme.len() <= 20 && scheme.bytes().all(|o| o.is_ascii_alphabetic() || o == b'-');
    if scheme.is_empty() || !is_scheme || rest.is_empty() {
        return None;
    }
    let user = if scheme.eq_ignore_ascii_case("basic") {
        let decoded = base64(rest.trim().as_bytes());
        let end = memchr::memchr(b':', &decoded);
        end.map(|end| String::from_utf8_lossy(&decoded[..end]).into_owned())
    } else if scheme.eq_ignore_ascii_case("digest") {
        rest.split_once("username=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(user, _)| user.to_owned())
    } else {
        None
    };
    Some(Authorization { scheme: scheme.to_owned(), user })
}

/// A field of a trailer.
pub(super) fn field_of_line(line: &[u8]) -> Option<Field> {
    let colon = memchr::memchr(b':', line)?;
    let name = String::from_utf8_lossy(line[..colon].trim_ascii()).into_owned();
    let value = Text::of_field(&name, line[colon + 1..].trim_ascii());
    Some(Field { name, value })
}

/// What the connection is for behind this exchange (RFC 9112 section 9.3, RFC 9110 sections 7.8 and 9.3.6).
pub(super) fn after(request: Option<&Request>, response: &Response) -> After {
    let message = &response.message;
    if response.status == 101 {
        let protocol = message.field("Upgrade").map_or("", |protocol| protocol.all());
        return After::Upgraded(protocol.to_owned());
    }
    if request.is_some_and(|request| request.method == "CONNECT") && (200..300).contains(&response.status) {
        return After::Tunnel;
    }
    let says = |message: &Message, option: &str| {
        let fields = message.fields.iter().filter(|field| {
            ["Connection", "Proxy-Connection"].iter().any(|name| field.name.eq_ignore_ascii_case(name))
        });
        let mut options = fields.flat_map(|field| field.value.all().split(','));
        options.any(|word| word.trim().eq_ignore_ascii_case(option))
    };
    let asked = request.map(|request| &request.message);
    if says(message, "close") {
        After::ServerCloses
    } else if asked.is_some_and(|asked| says(asked, "close")) {
        After::ClientCloses
    } else if message.framing == Framing::UntilClose {
        After::EndsBody
    } else if message.minor == 0 || asked.is_some_and(|asked| asked.minor == 0) {
        if says(message, "keep-alive") { After::KeptAlive } else { After::OldVersion }
    } else {
        After::Persists
    }
}

/// An exchange of which nothing is known yet.
pub(super) fn nothing(stream: u64, asks: Side, number: u64) -> Exchange {
    Exchange {
        stream,
        asks,
        ends: None,
        number,
        decrypted: false,
        request: None,
        interim: Vec::new(),
        interim_left_out: 0,
        response: None,
        after: After::Unknown,
        warnings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_of_an_authorization_is_told_and_its_secret_is_not() {
        let basic = authorization_of("Basic YWxpY2U6b3Blbi1zZXNhbWU=").unwrap();
        assert_eq!((basic.scheme.as_str(), basic.user.as_deref()), ("Basic", Some("alice")));
        let digest = authorization_of("Digest realm=\"a\", username=\"bob\", response=\"x\"").unwrap();
        assert_eq!(digest.user.as_deref(), Some("bob"));
        assert_eq!(authorization_of("Bearer abc").unwrap().user, None);
        assert_eq!(authorization_of("c2VjcmV0"), None);
    }

    #[test]
    fn the_host_of_an_absolute_target_has_no_user_information() {
        assert_eq!(host_of_uri("http://alice:x@a.test:80/b@c"), Some("a.test:80"));
        assert_eq!(host_of_uri("http://a.test?b"), Some("a.test"));
    }
}
