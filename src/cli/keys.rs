//! Key logs of TLS: opened by name before everything is given up, read whole or as they grow.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use super::complaint::complain;
use crate::capture::Caller;
use crate::conversation::tls::Keys;

/// Octets of one key log that are read.
const MAX_OCTETS: u64 = 256 << 20;
/// Octets that are read at once.
const STEP: usize = 64 << 10;

/// Key logs that are open.
#[derive(Default)]
pub(super) struct KeyLogs {
    logs: Vec<KeyLog>,
    private: Option<Private>,
}

struct KeyLog {
    name: String,
    file: File,
    read: u64,
}

/// A file that a command writes its secrets to: it and its folder go when this process ends, however it ends.
struct Private {
    path: PathBuf,
    /// Waits for the end of its standard input and removes both: this process may not once it is confined.
    _remover: Child,
}

impl KeyLogs {
    /// Opens them.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub(super) fn open(names: &[PathBuf]) -> anyhow::Result<Self> {
        let logs = names.iter().map(|name| {
            let file = File::open(name).with_context(|| format!("{}: cannot be opened", name.display()))?;
            Ok(KeyLog { name: name.display().to_string(), file, read: 0 })
        });
        Ok(Self { logs: logs.collect::<anyhow::Result<_>>()?, private: None })
    }

    /// Makes a file that only this user can read, or the one who called `sudo`, for a command to write its secrets to.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn make_private(&mut self, caller: Option<&Caller>) -> anyhow::Result<()> {
        let private = Private::make(caller).context("cannot make a file for the command's TLS secrets")?;
        let file = File::open(&private.path).context("cannot read the file for the command's TLS secrets")?;
        self.logs.push(KeyLog { name: "the command's key log".to_owned(), file, read: 0 });
        self.private = Some(private);
        Ok(())
    }

    /// The file that a command is asked to write to.
    pub(super) fn private(&self) -> Option<&Path> {
        self.private.as_ref().map(|private| private.path.as_path())
    }

    /// Whether there is any.
    pub(super) fn are_any(&self) -> bool {
        !self.logs.is_empty()
    }

    /// Reads on: what has been written since goes to `take`.
    pub(super) fn read(&mut self, mut take: impl FnMut(&[u8])) {
        let mut buffer = vec![0; STEP];
        for log in &mut self.logs {
            loop {
                match log.file.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(length) if log.read < MAX_OCTETS => {
                        log.read += length as u64;
                        take(buffer.get(..length).unwrap_or_default());
                    }
                    Ok(_) => {
                        complain(format_args!("{}: only {MAX_OCTETS} octets are read", log.name));
                        break;
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        complain(format_args!("{}: {error}", log.name));
                        break;
                    }
                }
            }
        }
    }

    /// Says what is wrong with what was read. Of a command that wrote nothing nothing is said: it may speak no TLS.
    pub(super) fn tell(&self, keys: &Keys) {
        let counts = keys.counts();
        if counts.damaged > 0 {
            complain(format_args!("key log: {} lines are not of the form of a key log", counts.damaged));
        }
        if counts.too_many > 0 {
            complain(format_args!("key log: {} secrets are more than are kept", counts.too_many));
        }
        let named = self.logs.iter().filter(|_| self.private.is_none());
        for log in named.filter(|_| counts.secrets == 0) {
            complain(format_args!("{}: no secret of a TLS session in it", log.name));
        }
    }
}

impl Private {
    fn make(caller: Option<&Caller>) -> io::Result<Self> {
        let folder = fresh_folder()?;
        let path = folder.join("keys");
        let made = File::options().write(true).create_new(true).mode(0o600).open(&path);
        if let Some(caller) = caller {
            // fails where this process has become that user already
            for path in [&folder, &path] {
                let _ = chown(path, Some(caller.user), Some(caller.group));
            }
        }
        let remover = made.and_then(|_| {
            let script =
                "trap '' HUP INT TERM; while read -r _; do :; done; rm -f -- \"$1\"; rmdir -- \"$2\"";
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script, "sh"]).arg(&path).arg(&folder);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        });
        match remover {
            Ok(_remover) => Ok(Self { path, _remover }),
            Err(error) => {
                let _ = fs::remove_file(&path);
                let _ = fs::remove_dir(&folder);
                Err(error)
            }
        }
    }
}

/// A folder that nobody else can look into.
fn fresh_folder() -> io::Result<PathBuf> {
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..100_u32 {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
        let name = format!("layerscope-{}-{:x}", std::process::id(), since.wrapping_add(attempt.into()));
        let folder = std::env::temp_dir().join(name);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_file_for_a_commands_secrets_is_private_and_goes_in_the_end() {
        let mut logs = KeyLogs::default();
        logs.make_private(None).unwrap();
        let path = logs.private().unwrap().to_owned();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let mut read = Vec::new();
        for part in [&b"one"[..], b"two"] {
            File::options().append(true).open(&path).unwrap().write_all(part).unwrap();
            logs.read(|octets| read.extend_from_slice(octets));
        }
        assert_eq!(read, b"onetwo");
        drop(logs);
        let until = Instant::now() + Duration::from_secs(20);
        while path.parent().unwrap().exists() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!path.parent().unwrap().exists());
    }
}
