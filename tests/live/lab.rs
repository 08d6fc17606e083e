//! A network namespace, a mail server in it, and programs that are watched while they run.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::common::layerscope;

/// Python as the system has it, with the packages of the system.
const PYTHON: &str = "/usr/bin/python3";
/// Longer than anything here takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// The port of the lab's mail server.
pub(crate) const PORT: &str = "2525";

const SERVER: &str = r#"
import signal, ssl, sys
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('nobody'):
            return '550 5.1.1 no such user'
        envelope.rcpt_tos.append(address)
        return '250 2.1.5 Ok'
    async def handle_DATA(self, server, session, envelope):
        return '250 2.0.0 Ok: queued as 4F1A2B'
def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b'alice')
context = None
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
controller = Controller(Handler(), hostname='127.0.0.1', port=2525, authenticator=authenticate, auth_require_tls=False,
                        tls_context=context)
controller.start()
print('ready', flush=True)
signal.pause()
"#;

/// Says hello, and does what the words ask for.
const CLIENT: &str = r#"
import smtplib, ssl, sys
def send(client, to='bob@example.test', text='Hello'):
    mail = f'From: alice@example.test\r\nTo: {to}\r\nSubject: hi\r\n\r\n{text}\r\n'
    client.sendmail('alice@example.test', [to], mail)
def connect():
    return smtplib.SMTP('127.0.0.1', 2525, local_hostname='client.example.test')
client = connect()
for word in sys.argv[1:]:
    if word == 'auth':
        client.login('alice', 'open sesame')
    elif word == 'starttls':
        client.starttls(context=ssl._create_unverified_context())
    elif word == 'plain':
        send(client)
    elif word == 'refused':
        try:
            send(client, 'nobody@example.test')
        except smtplib.SMTPRecipientsRefused:
            pass
    elif word == 'two':
        other = connect()
        client.ehlo(); other.ehlo(); send(other); send(client)
        other.quit()
    elif word.startswith('large'):
        send(client, text='x' * 70 + ('\r\n' + 'x' * 70) * int(word[5:]))
client.quit()
"#;

/// A namespace with its loopback interface up; gone with the value.
pub(crate) struct Lab {
    name: String,
    folder: tempfile::TempDir,
    server: Option<Child>,
}

impl Lab {
    /// `None`, with the reason on standard error, where there can be no lab.
    pub(crate) fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if let Some(missing) = missing() {
            assert!(std::env::var_os("CI_LIVE").is_none(), "CI_LIVE is set, and this is missing: {missing}");
            eprintln!("skipped: a live test needs {missing}");
            return None;
        }
        let name = format!("ls{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        ip(&["netns", "add", &name]);
        let lab = Self { name, folder: tempfile::tempdir().unwrap(), server: None };
        lab.ip(&["link", "set", "lo", "up"]);
        Some(lab)
    }

    /// The same, with a mail server that listens.
    pub(crate) fn with_server() -> Option<Self> {
        let lab = Self::new()?;
        Some(lab.serve(&[]))
    }

    /// The same, with a mail server that offers STARTTLS.
    pub(crate) fn with_tls_server() -> Option<Self> {
        let lab = Self::new()?;
        let pair = lab.file("pair.pem").to_string_lossy().into_owned();
        let words =
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=mx.example.test"];
        let mut command = Command::new("openssl");
        let output = command.args(words).args(["-keyout", &pair, "-out", "/dev/stdout"]).output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
        std::fs::OpenOptions::new().append(true).open(&pair).unwrap().write_all(&output.stdout).unwrap();
        Some(lab.serve(&[&pair]))
    }

    fn serve(mut self, words: &[&str]) -> Self {
        let mut command = self.command(PYTHON);
        let mut server = command.args(["-c", SERVER]).args(words).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "the mail server does not start");
        self.server = Some(server);
        self
    }

    /// `ip` on this namespace.
    pub(crate) fn ip(&self, words: &[&str]) {
        ip(&[&["-n", &self.name], words].concat());
    }

    /// A cable to another lab: an interface of this name on both ends, up.
    pub(crate) fn cable(&self, other: &Lab, interface: &str) {
        let words =
            ["link", "add", interface, "type", "veth", "peer", "name", interface, "netns", &other.name];
        self.ip(&words);
        for lab in [self, other] {
            lab.ip(&["link", "set", interface, "up"]);
        }
    }

    /// A program that runs in the namespace.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// `layerscope` in the namespace, in English.
    pub(crate) fn layerscope(&self) -> Command {
        let program = layerscope();
        let mut command = self.command(&program.get_program().to_string_lossy());
        command.env("LANG", "C.UTF-8").env_remove("LC_ALL").env_remove("LC_MESSAGES").env("COLUMNS", "100");
        command.env_remove("SUDO_UID").env_remove("SUDO_GID");
        command
    }

    /// The words that run the mail client.
    pub(crate) fn client(words: &[&str]) -> Vec<String> {
        [&[PYTHON, "-c", CLIENT], words].concat().into_iter().map(ToOwned::to_owned).collect()
    }

    /// Sends mail.
    pub(crate) fn send(&self, words: &[&str]) {
        let client = Self::client(words);
        let status = self.command(&client[0]).args(&client[1..]).status().unwrap();
        assert!(status.success());
    }

    /// A file of the lab.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts `layerscope` with these words, and waits until it captures.
    pub(crate) fn watch(&self, words: &[&str]) -> Watched {
        let watched = self.start(words);
        watched.await_error("capturing on");
        watched
    }

    /// Starts `layerscope` with these words.
    pub(crate) fn start(&self, words: &[&str]) -> Watched {
        let mut command = self.layerscope();
        Watched::of(command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

/// What there is no lab without.
fn missing() -> Option<&'static str> {
    let works = |program: &str, words: &[&str]| {
        let silent = Command::new(program).args(words).stdout(Stdio::null()).stderr(Stdio::null()).status();
        silent.is_ok_and(|status| status.success())
    };
    if !works("unshare", &["--net", "true"]) || !works("sh", &["-c", "test $(id -u) = 0"]) {
        Some("root")
    } else if !works("ip", &["netns", "list"]) {
        Some("ip (iproute2)")
    } else if !works(PYTHON, &["-c", "import aiosmtpd"]) {
        Some("aiosmtpd (python3-aiosmtpd)")
    } else if !works("swaks", &["--version"]) {
        Some("swaks")
    } else if !works("openssl", &["version"]) {
        Some("openssl")
    } else {
        None
    }
}

fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().unwrap();
    assert!(output.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A program that runs.
pub(crate) struct Watched {
    child: Child,
    pub(crate) out: Lines,
    errors: Lines,
}

/// What a program has written, line by line.
pub(crate) struct Lines {
    lines: Receiver<String>,
    seen: std::cell::RefCell<Vec<String>>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { lines, seen: Default::default() }
    }

    /// Waits for a line that holds this text.
    pub(crate) fn await_line(&self, text: &str) -> String {
        let end = Instant::now() + LIMIT;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.borrow_mut().push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => panic!("`{text}` was not written ({error}): {:#?}", self.seen.borrow()),
            }
        }
    }

    /// Everything, once the program has ended.
    fn all(&self) -> String {
        self.seen.borrow_mut().extend(self.lines.iter());
        self.seen.borrow().iter().map(|line| format!("{line}\n")).collect()
    }
}

impl Watched {
    /// A program whose outputs are pipes.
    pub(crate) fn of(mut child: Child) -> Self {
        let out = Lines::of(child.stdout.take().unwrap());
        let errors = Lines::of(child.stderr.take().unwrap());
        Self { child, out, errors }
    }

    /// The number of its process: `ip netns exec` has become the program.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn await_error(&self, text: &str) -> String {
        self.errors.await_line(text)
    }

    /// Sends a signal to it alone, as kill(1) does.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.process().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Whether it has not ended.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end: its exit status, what it wrote, and what it wrote on standard error.
    pub(crate) fn end(mut self) -> (Option<i32>, String, String) {
        let end = Instant::now() + LIMIT;
        while self.runs() {
            if Instant::now() > end {
                let _ = self.child.kill();
                panic!("it does not end: {}", self.errors.all());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        (self.child.wait().unwrap().code(), self.out.all(), self.errors.all())
    }

    /// Ends it with Ctrl-C.
    pub(crate) fn interrupt(self) -> (Option<i32>, String, String) {
        self.signal("INT");
        self.end()
    }
}

/// The records of a saved capture.
pub(crate) fn read_back(view: &str, path: &Path) -> Vec<serde_json::Value> {
    crate::common::records(view, path)
}

/// Records, a line each.
pub(crate) fn parse(lines: &str) -> Vec<serde_json::Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

/// Standard error of a program that has ended.
pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Writes a script.
pub(crate) fn script(path: &Path, text: &str) {
    std::fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}
