//! What is given up cannot be taken back, so each probe runs in a process of its own: this test program again, with
//! the probe's name.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::process::Command;

use rustix::process::{geteuid, getppid, set_dumpable_behavior, test_kill_process};

use super::*;

/// Set in a probe's process, and nowhere else.
const IS_PROBE: &str = "LAYERSCOPE_TEST_PROBE";

/// A user who owns nothing.
const NOBODY: u32 = 65_534;

fn alone(probe: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .arg(format!("cli::sandbox::tests::probes::{probe}"))
        .env(IS_PROBE, "1")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{out}{err}");
    assert!(output.status.success() && out.contains("1 passed"), "{probe}");
}

#[test]
fn neither_files_nor_the_network_nor_programs_can_be_reached_from_inside() {
    alone("everything");
}

#[test]
fn tcp_is_shut_by_landlock_alone_as_well() {
    alone("landlock_alone");
}

#[test]
fn who_stands_in_for_root_cannot_become_root_again() {
    alone("another_user");
}

#[test]
fn root_without_capabilities_has_what_is_its_own_and_no_more() {
    alone("root_without_capabilities");
}

#[test]
fn root_keeps_one_capability_to_write_in_another_users_folder() {
    alone("root_in_a_foreign_folder");
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn what_the_kernel_lacks_is_reported_and_the_rest_holds() {
    alone("older_kernel");
}

/// Says what was refused; fails where it was not.
fn refused<T>(what: &str, result: io::Result<T>) {
    match result {
        Ok(_) => panic!("{what}: was possible"),
        Err(error) => println!("refused: {what}: {error}"),
    }
}

/// Whether a part holds; says why where it does not.
fn holds(report: &Report, part: Part) -> bool {
    let (_, state) = report.iter().find(|(found, _)| *found == part).expect("the part was tried");
    if let State::Lacking(reason) = state {
        println!("NOT TESTED, the kernel lacks it: {part}: {reason}");
    }
    *state == State::Held
}

fn is_root() -> bool {
    let is_root = geteuid().is_root();
    if !is_root {
        println!("NOT TESTED, because not run by root");
    }
    is_root
}

mod probes {
    use super::*;

    fn is_probe() -> bool {
        std::env::var_os(IS_PROBE).is_some()
    }

    #[test]
    #[ignore = "gives up the whole process; run by a test of its own"]
    fn everything() {
        if !is_probe() {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let [named, secret, folder] = ["named", "secret", "folder"].map(|name| place.path().join(name));
        fs::write(&named, "named").unwrap();
        fs::write(&secret, "secret").unwrap();
        fs::create_dir(&folder).unwrap();
        let mut open = File::create(place.path().join("open")).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let unix = place.path().join("socket");
        let _listener = UnixListener::bind(&unix).unwrap();
        let plan = Sandbox {
            may_read: vec![named.clone()],
            may_write_below: vec![folder.clone()],
            receive_only: vec![udp.as_raw_fd()],
            ..Sandbox::default()
        };
        udp.connect(udp.local_addr().unwrap()).unwrap();
        rustix::io::write(&udp, b"before").unwrap();

        let report = Confinement::begin(plan).enter();
        println!("{report:?}");
        assert_eq!(fs::read(&named).unwrap(), b"named");
        open.write_all(b"what is open").unwrap();
        open.set_len(0).unwrap();
        fs::write(folder.join("a"), "x").unwrap();
        fs::rename(folder.join("a"), folder.join("b")).unwrap();
        if holds(&report, Part::Files) {
            files_are_refused(&folder, &secret);
            std::thread::spawn(|| refused("open /etc/passwd in a thread", File::open("/etc/passwd")))
                .join()
                .unwrap();
        }
        if holds(&report, Part::SystemCalls) {
            refused("connect by TCP", TcpStream::connect(tcp.local_addr().unwrap()));
            refused("listen on TCP", TcpListener::bind("127.0.0.1:0"));
            refused("a UDP socket", UdpSocket::bind("127.0.0.1:0"));
            refused("send by an open UDP socket", udp.send_to(b"x", udp.local_addr().unwrap()));
            refused("write to it", rustix::io::write(&udp, b"after").map_err(Into::into));
            refused("copy it", udp.try_clone());
            assert_eq!(udp.recv(&mut [0; 9]).unwrap(), 6);
            refused("connect to a Unix socket", UnixStream::connect(&unix));
            refused("run a program", Command::new("/bin/true").spawn());
            refused("signal another process", test_kill_process(getppid().unwrap()).map_err(Into::into));
            refused(
                "be dumped again",
                set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable).map_err(Into::into),
            );
        }
    }

    fn files_are_refused(folder: &std::path::Path, secret: &std::path::Path) {
        refused("open /etc/passwd", File::open("/etc/passwd"));
        refused("list /", fs::read_dir("/"));
        refused("open a file beside the plan's", File::open(secret));
        refused("write to it", File::options().write(true).open(secret));
        refused("make a file beside it", File::create(secret.with_extension("new")));
        refused("remove it", fs::remove_file(secret));
        refused("read in a folder to write in", File::open(folder.join("b")));
        refused("take a file out of it", fs::rename(folder.join("b"), secret.with_extension("b")));
        refused("reach out of it by ..", File::create(folder.join("../c")));
    }

    #[test]
    #[ignore = "gives up the whole process; run by a test of its own"]
    fn landlock_alone() {
        if !is_probe() {
            return;
        }
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut report = Report::new();
        privileges::no_new_privileges().unwrap();
        files::restrict(&Sandbox::default(), &mut report);
        if holds(&report, Part::Tcp) {
            refused("connect by TCP", TcpStream::connect(tcp.local_addr().unwrap()));
            refused("listen on TCP", TcpListener::bind("127.0.0.1:0"));
        }
        if holds(&report, Part::Processes) {
            refused("signal another process", test_kill_process(getppid().unwrap()).map_err(Into::into));
        }
    }

    #[test]
    #[ignore = "gives up the whole process; run by a test of its own"]
    fn another_user() {
        if !is_probe() || !is_root() {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let owner = Caller { user: NOBODY, group: NOBODY, groups: Vec::new(), entry: None };
        let confinement = Confinement::begin(Sandbox { owner: Some(owner), ..Sandbox::default() });
        let made = File::create(place.path().join("made")).unwrap().metadata().unwrap();
        assert_eq!((made.uid(), made.gid()), (NOBODY, NOBODY));
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let line =
            |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap().split_whitespace();
        assert_eq!(line("Uid:").skip(1).collect::<Vec<_>>(), ["65534"; 4]);
        assert_eq!(line("Gid:").skip(1).collect::<Vec<_>>(), ["65534"; 4]);
        assert_eq!(line("Groups:").count(), 1, "{status}");
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            assert_eq!(line(set).nth(1), Some("0000000000000000"), "{set}");
        }
        let (root, root_group) = (rustix::process::Uid::ROOT, rustix::process::Gid::ROOT);
        refused("be root again", rustix::thread::set_thread_uid(root).map_err(Into::into));
        refused(
            "be root again by the saved user",
            rustix::thread::set_thread_res_uid(None, root, None).map_err(Into::into),
        );
        refused("root's group", rustix::thread::set_thread_gid(root_group).map_err(Into::into));
        refused("other groups", rustix::thread::set_thread_groups(&[root_group]).map_err(Into::into));
        assert!(holds(&confinement.enter(), Part::User));
    }

    #[test]
    #[ignore = "gives up the whole process; run by a test of its own"]
    fn root_without_capabilities() {
        if !is_probe() || !is_root() {
            return;
        }
        let (_place, foreign) = foreign_folder();
        assert_eq!(privileges::drop_capabilities(&[]), State::Held);
        refused("write in another user's folder", File::create(foreign.join("a")));
        refused("give a file away", chown("/proc/self", Some(1), None));
    }

    #[test]
    #[ignore = "gives up the whole process; run by a test of its own"]
    fn root_in_a_foreign_folder() {
        if !is_probe() || !is_root() {
            return;
        }
        let (_place, foreign) = foreign_folder();
        let plan = Sandbox { may_write_below: vec![foreign.clone()], ..Sandbox::default() };
        let report = Confinement::begin(plan).enter();
        let told = State::Lacking(format!(
            "CAP_DAC_OVERRIDE is kept, to write in a folder that is not root's: {}",
            foreign.display()
        ));
        assert!(report.contains(&(Part::Capabilities, told)), "{report:?}");
        File::create(foreign.join("a")).unwrap();
        if holds(&report, Part::Files) {
            refused("write beside it", File::create(foreign.join("../a")));
        }
    }

    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[test]
    #[ignore = "gives up the whole process; run by a test of its own"]
    fn older_kernel() {
        if !is_probe() {
            return;
        }
        if let Err(error) = refuse_new_system_calls() {
            println!("NOT TESTED, the kernel lacks seccomp: {error}");
            return;
        }
        let report = Confinement::begin(Sandbox::default()).enter();
        println!("{report:?}");
        for (part, state) in &report {
            let is_new = matches!(part, Part::Files | Part::Tcp | Part::Processes | Part::SystemCalls);
            assert_eq!(*state != State::Held, is_new, "{part}: {state:?}");
        }
        assert!(rustix::thread::no_new_privs().unwrap());
        assert!(rustix::thread::capabilities(None).unwrap().permitted.is_empty());
    }

    /// Makes the kernel one that has neither Landlock nor seccomp for all threads.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn refuse_new_system_calls() -> Result<(), seccompiler::Error> {
        use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
        let calls = [libc::SYS_landlock_create_ruleset, libc::SYS_seccomp];
        let filter = SeccompFilter::new(
            calls.map(|call| (call, Vec::new())).into(),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::ENOSYS as u32),
            std::env::consts::ARCH.try_into()?,
        )?;
        let program: BpfProgram = filter.try_into()?;
        apply_filter(&program)
    }

    fn foreign_folder() -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let foreign = place.path().join("foreign");
        fs::create_dir(&foreign).unwrap();
        chown(&foreign, Some(NOBODY), Some(NOBODY)).unwrap();
        (place, foreign)
    }
}
