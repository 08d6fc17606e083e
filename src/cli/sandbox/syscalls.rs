//! System calls that are left: those that reading, writing and telling the time need. seccomp's part.
//!
//! A list of what is allowed, so that what a later kernel brings is refused. What is not on it fails with `ENOSYS`, as
//! on a kernel that does not have it, because for that answer C libraries have another way; `EPERM` they take for
//! the last word.

use std::collections::BTreeMap;
use std::os::fd::RawFd;

use libc::c_int;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter_all_threads,
};

use super::Sandbox;

/// Calls that are allowed whatever their arguments are. Those that open files are Landlock's business.
const ALLOWED: &[i64] = &[
    // what is open
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_pipe2,
    libc::SYS_eventfd2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_fadvise64,
    libc::SYS_fstat,
    // files by name
    libc::SYS_openat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    // memory
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    // threads
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // signals, as they are received
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
    libc::SYS_signalfd4,
    // the time, and the process itself
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_setitimer,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    // the end of a process that was started before
    libc::SYS_wait4,
    libc::SYS_waitid,
    // a capture's socket that is open: packets and counts come out of it, and none is sent
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_getsockname,
];

/// Those that newer processors' lists no longer have.
#[cfg(target_arch = "x86_64")]
const ALLOWED_OF_OLD: &[i64] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_unlink,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_wait,
    libc::SYS_time,
    libc::SYS_getrlimit,
];
#[cfg(target_arch = "aarch64")]
const ALLOWED_OF_OLD: &[i64] = &[
    // renameat, which `libc` does not name here
    38,
];

/// Questions to a terminal or an interface; above all no `TIOCSTI`, which types on the terminal's keyboard.
// with musl they are `c_int`
#[allow(clippy::unnecessary_cast)]
const QUESTIONS: [u64; 6] = [
    libc::TCGETS as u64,
    libc::TCGETS2 as u64,
    libc::TIOCGWINSZ as u64,
    libc::FIONREAD as u64,
    libc::SIOCGIFFLAGS as u64,
    libc::SIOCGIFNAME as u64,
];

/// Not `F_SETOWN`, which sends signals, nor `F_DUPFD`: by another number a socket could send again.
const DESCRIPTOR_QUESTIONS: [c_int; 4] = [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL];

/// Allows all threads of the process what is on the list, and nothing else.
///
/// # Errors
/// When the kernel has no seccomp.
pub(super) fn refuse(plan: &Sandbox) -> Result<(), seccompiler::Error> {
    let program: BpfProgram = filter(plan)?.try_into()?;
    apply_filter_all_threads(&program)
}

fn filter(plan: &Sandbox) -> Result<SeccompFilter, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().chain(ALLOWED_OF_OLD).map(|&call| (call, Vec::new())).collect();
    rules.insert(libc::SYS_ioctl, one_of(1, &QUESTIONS)?);
    rules.insert(libc::SYS_fcntl, one_of(1, &DESCRIPTOR_QUESTIONS.map(|command| command as u64))?);
    // a name for a thread
    rules.insert(libc::SYS_prctl, one_of(0, &[libc::PR_SET_NAME as u64])?);
    // its own limits, and no other process's
    rules.insert(libc::SYS_prlimit64, vec![rule(0, SeccompCmpOp::Eq, 0)?]);
    rules.insert(libc::SYS_tgkill, vec![rule(0, SeccompCmpOp::Eq, u64::from(std::process::id()))?]);
    // threads, but no processes. `clone3`, whose flags cannot be seen from here, does not exist: libraries then
    // take `clone`
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(libc::SYS_clone, vec![rule(0, SeccompCmpOp::MaskedEq(thread), thread)?]);
    // memory, but none that could be executed
    let executable = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
    rules.insert(libc::SYS_mmap, vec![rule(2, executable.clone(), 0)?]);
    rules.insert(libc::SYS_mprotect, vec![rule(2, executable, 0)?]);
    for call in [libc::SYS_write, libc::SYS_writev] {
        let elsewhere = but_to(&plan.receive_only)?;
        // a rule has conditions; a call without a rule is allowed whatever its arguments are
        let rule = if elsewhere.is_empty() { Vec::new() } else { vec![SeccompRule::new(elsewhere)?] };
        rules.insert(call, rule);
    }
    // a signal that came is told to a thread by a pair of sockets: no address is needed for that
    let mut to_a_peer = but_to(&plan.receive_only)?;
    to_a_peer.push(SeccompCondition::new(4, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?);
    rules.insert(libc::SYS_sendto, vec![SeccompRule::new(to_a_peer)?]);
    if plan.runs_a_command {
        rules.insert(libc::SYS_kill, Vec::new());
        rules.insert(libc::SYS_pidfd_send_signal, Vec::new());
    }
    SeccompFilter::new(rules, SeccompAction::Errno(libc::ENOSYS as u32), SeccompAction::Allow, target()?)
}

fn target() -> Result<TargetArch, BackendError> {
    std::env::consts::ARCH.try_into()
}

/// A rule for each value that an argument may have.
fn one_of(argument: u8, values: &[u64]) -> Result<Vec<SeccompRule>, BackendError> {
    values.iter().map(|&value| rule(argument, SeccompCmpOp::Eq, value)).collect()
}

/// Every descriptor but these, which are a call's first argument.
fn but_to(sockets: &[RawFd]) -> Result<Vec<SeccompCondition>, BackendError> {
    sockets.iter().map(|&socket| condition(0, SeccompCmpOp::Ne, socket as u64)).collect()
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![condition(argument, operator, value)?])
}

/// What an argument's lower half has to be; of all arguments that are looked at, the kernel takes no more.
fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
}
