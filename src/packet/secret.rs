//! The names that announce a secret in HTTP: of header fields, and of parameters in a target or a form.

use std::ops::Range;

/// Header fields whose values are secrets (RFC 9110 section 11, RFC 6265 section 4), and usual ones with keys.
const FIELDS: [&[u8]; 7] = [
    b"authorization",
    b"proxy-authorization",
    b"cookie",
    b"set-cookie",
    b"x-api-key",
    b"x-auth-token",
    b"x-access-token",
];

/// Header fields whose values are references, with the secrets that targets have (RFC 9110 sections 8.7, 10.1.3, 10.2.2).
const REFERENCES: [&[u8]; 3] = [b"location", b"content-location", b"referer"];

/// Parameters whose values are secrets: passwords, bearer tokens (RFC 6750 section 2.3), OAuth secrets (RFC 6749),
/// keys, signatures of links that anyone may use, and sessions.
const PARAMETERS: [&[u8]; 27] = [
    b"password",
    b"passwd",
    b"pass",
    b"pwd",
    b"passphrase",
    b"secret",
    b"client_secret",
    b"token",
    b"access_token",
    b"refresh_token",
    b"id_token",
    b"auth_token",
    b"authtoken",
    b"assertion",
    b"client_assertion",
    b"code_verifier",
    b"api_key",
    b"api-key",
    b"apikey",
    b"private_token",
    b"sig",
    b"signature",
    b"x-amz-signature",
    b"x-amz-security-token",
    b"jsessionid",
    b"phpsessid",
    b"sessionid",
];

/// Octets of the longest of these names.
pub const LONGEST_SECRET_NAME: usize = 20;

fn is_one_of(names: &[&[u8]], name: &[u8]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether the value of an HTTP header field of this name is a secret.
pub fn is_secret_field(name: &[u8]) -> bool {
    is_one_of(&FIELDS, name)
}

/// Whether these octets are the end of such a name.
pub fn ends_secret_field(tail: &[u8]) -> bool {
    FIELDS.iter().any(|known| {
        let at = known.len().checked_sub(tail.len());
        at.is_some_and(|at| known[at..].eq_ignore_ascii_case(tail))
    })
}

/// Whether the value of an HTTP header field of this name is a reference that [`secrets_of_target`] can look at.
pub fn is_reference_field(name: &[u8]) -> bool {
    is_one_of(&REFERENCES, name)
}

/// Whether the value of a parameter of this name is a secret.
pub fn is_secret_parameter(name: &[u8]) -> bool {
    is_one_of(&PARAMETERS, name)
}

/// The secrets in a request target or another reference (RFC 3986), in order: the password in front of the host,
/// or all that stands there where it is one word, and the values of secret parameters. Of a reference that was cut,
/// what may become such a password is one.
pub fn secrets_of_target(target: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if !target.starts_with(b"/") || target.starts_with(b"//") {
        found.extend(user_information(target));
    }
    let mut at = 0;
    while let Some(sign) = memchr::memchr(b'=', &target[at..]).map(|sign| at + sign) {
        let begin = target[at..sign].iter().rposition(|&o| separates(o)).map_or(at, |before| at + before + 1);
        let end = target[sign..].iter().position(|&o| separates(o)).map_or(target.len(), |end| sign + end);
        if is_secret_parameter(&target[begin..sign]) && sign + 1 < end {
            found.push(sign + 1..end);
        }
        at = end;
    }
    found
}

/// What stands between parameters.
const fn separates(octet: u8) -> bool {
    matches!(octet, b'?' | b'&' | b';' | b'#')
}

/// RFC 3986 section 3.2.1.
fn user_information(target: &[u8]) -> Option<Range<usize>> {
    let begin = memchr::memmem::find(target, b"//").map_or(0, |slashes| slashes + 2);
    let rest = &target[begin..];
    let end = rest.iter().position(|o| matches!(o, b'/' | b'?' | b'#'));
    let authority = &rest[..end.unwrap_or(rest.len())];
    let at_sign = memchr::memrchr(b'@', authority);
    let colon = memchr::memchr(b':', &authority[..at_sign.unwrap_or(authority.len())]);
    match (at_sign, colon) {
        (Some(at_sign), Some(colon)) => Some(begin + colon + 1..begin + at_sign),
        (Some(at_sign), None) => Some(begin..begin + at_sign),
        (None, Some(colon)) if end.is_none() && !is_port(&authority[colon + 1..]) => {
            Some(begin + colon + 1..target.len())
        }
        (None, _) => None,
    }
    .filter(|range| !range.is_empty())
}

fn is_port(octets: &[u8]) -> bool {
    octets.len() <= 5 && octets.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secrets(target: &str) -> Vec<&str> {
        secrets_of_target(target.as_bytes()).into_iter().map(|range| &target[range]).collect()
    }

    #[test]
    fn a_password_in_front_of_the_host_is_a_secret_and_its_user_is_not() {
        assert_eq!(secrets("http://alice:open-sesame@www.example.test/a:b@c"), ["open-sesame"]);
        assert_eq!(secrets("https://t0ken@www.example.test/"), ["t0ken"]);
        assert_eq!(secrets("ftp://alice:p@ss@www.example.test"), ["p@ss"]);
        assert_eq!(secrets("http://www.example.test:8080/a"), [""; 0]);
        assert_eq!(secrets("www.example.test:443"), [""; 0]);
        assert_eq!(secrets("/mail/alice:x@example.test"), [""; 0]);
    }

    #[test]
    fn parameters_are_secret_by_their_names() {
        assert_eq!(secrets("/login?user=alice&Password=open-sesame&next=/"), ["open-sesame"]);
        assert_eq!(secrets("/a;jsessionid=1234?q=1"), ["1234"]);
        assert_eq!(secrets("/back#access_token=abc&token=d=e"), ["abc", "d=e"]);
        assert_eq!(secrets("/a?token=&b=1"), [""; 0]);
        assert_eq!(secrets("/a?compass=north"), [""; 0]);
    }

    #[test]
    fn a_reference_that_was_cut_shows_no_beginning_of_a_secret() {
        assert_eq!(secrets("http://alice:open-ses"), ["open-ses"]);
        assert_eq!(secrets("/login?password=open-s"), ["open-s"]);
    }

    #[test]
    fn the_longest_name_is_as_long_as_it_is_said_to_be() {
        let names = FIELDS.iter().chain(&REFERENCES).chain(&PARAMETERS);
        assert_eq!(names.map(|name| name.len()).max(), Some(LONGEST_SECRET_NAME));
    }

    proptest! {
        #[test]
        fn ranges_lie_within_and_in_order(target in "[a:/@?&;=#]{0,12}(token|password)?[a:/@?&;=#]{0,30}") {
            let found = secrets_of_target(target.as_bytes());
            prop_assert!(found.iter().all(|r| r.start < r.end && r.end <= target.len()));
        }
    }
}
