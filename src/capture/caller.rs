//! The user who called `sudo`: what is run and written in their name is theirs, not root's.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::geteuid;

/// The user who called `sudo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Their number.
    pub user: u32,
    /// Their first group.
    pub group: u32,
    /// All their groups.
    pub groups: Vec<u32>,
    /// Name and home folder, where the system knows the user.
    pub entry: Option<(OsString, OsString)>,
}

/// `sudo` says something of the user who called it that is no number.
#[derive(Debug, thiserror::Error)]
#[error("{0} does not say which user called sudo")]
pub struct UnknownCaller(&'static str);

impl Caller {
    /// `None` where this process does not run as root for another user.
    ///
    /// # Errors
    /// When it cannot be told for whom: nothing is done as root in their place.
    pub fn of_sudo() -> Result<Option<Self>, UnknownCaller> {
        let said = |name| std::env::var(name).ok().map(|value| value.parse::<u32>());
        if !geteuid().is_root() {
            return Ok(None);
        }
        let (user, group) = match (said("SUDO_UID"), said("SUDO_GID")) {
            (None | Some(Ok(0)), _) => return Ok(None),
            (Some(Ok(user)), Some(Ok(group))) => (user, group),
            (Some(Ok(_)), _) => return Err(UnknownCaller("SUDO_GID")),
            (Some(Err(_)), _) => return Err(UnknownCaller("SUDO_UID")),
        };
        let entry = entry(user);
        let groups = entry.as_ref().map_or_else(|| vec![group], |(name, _)| groups(name, group));
        Ok(Some(Self { user, group, groups, entry }))
    }

    /// Makes the command run as this user, in all their groups, also where this process is theirs already.
    pub(super) fn become_in(&self, command: &mut Command) {
        if let Some((name, home)) = &self.entry {
            command.env("HOME", home).env("USER", name).env("LOGNAME", name);
        }
        if !geteuid().is_root() {
            return;
        }
        let Self { user, group, groups, .. } = self.clone();
        // SAFETY: between fork and exec only system calls are made, with values that were computed before: nothing
        // is allocated and no lock is taken. Groups go first, as only root may set them; once the user is set there
        // is no way back. Each failure ends the child before exec.
        unsafe {
            command.pre_exec(move || {
                check(libc::setgroups(groups.len(), groups.as_ptr()))?;
                check(libc::setgid(group))?;
                check(libc::setuid(user))?;
                // a user who could become root again would still be root
                if libc::setuid(0) == 0 { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
            });
        }
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Name and home folder of a user.
fn entry(user: u32) -> Option<(OsString, OsString)> {
    // SAFETY: all fields of `passwd` are numbers and pointers, for which zeros are values.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut texts = vec![0; 16 << 10];
    let mut found = std::ptr::null_mut();
    // SAFETY: the pointers are to values that live through the call; the length is that of the buffer.
    let result = unsafe { libc::getpwuid_r(user, &mut entry, texts.as_mut_ptr(), texts.len(), &mut found) };
    if result != 0 || found.is_null() {
        return None;
    }
    // SAFETY: where an entry was found, both point to texts in the buffer that end in a zero (getpwuid_r(3)).
    let copy = |text: *const libc::c_char| unsafe { CStr::from_ptr(text) }.to_bytes().to_vec();
    let owned = |octets: Vec<u8>| OsStr::from_bytes(&octets).to_owned();
    Some((owned(copy(entry.pw_name)), owned(copy(entry.pw_dir))))
}

/// All groups of a user; `group` is the first.
fn groups(name: &OsStr, group: u32) -> Vec<u32> {
    let Ok(name) = CString::new(name.as_bytes()) else { return vec![group] };
    let mut groups = vec![0; 1024];
    let mut count = groups.len() as libc::c_int;
    // SAFETY: the name ends in a zero, and `count` is the room that `groups` has; both live through the call.
    let result = unsafe { libc::getgrouplist(name.as_ptr(), group, groups.as_mut_ptr(), &mut count) };
    if result < 0 {
        return vec![group];
    }
    groups.truncate(usize::try_from(count).unwrap_or(0));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_groups() {
        let (name, home) = entry(0).unwrap();
        assert_eq!((name.to_str(), home.is_empty()), (Some("root"), false));
        assert!(groups(&name, 0).contains(&0));
        assert!(entry(u32::MAX - 7).is_none());
    }
}
