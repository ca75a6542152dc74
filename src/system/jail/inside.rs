//! What happens between `fork` and `exec`: a program's rights are taken away.
//!
//! All of it runs in a process with one thread, so that everything is allowed after `fork`.

#![expect(
    unsafe_code,
    reason = "fork, exec, mounts and credentials have no safe interface"
)]

use std::ffi::{CString, OsStr};
use std::fs;
use std::io::{self, PipeWriter, Write as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus, Scope, path_beneath_rules,
};

use super::filter;
use super::{Ending, RunOrder};

/// The user that a program becomes where we are root: no account has such a number by custom (systemd takes numbers for
/// short-lived users from this range). Limits of processes count per user, so that each run has another.
fn other_user() -> u32 {
    static USER: OnceLock<u32> = OnceLock::new();
    // First asked for by the warden, whose children inherit the answer.
    *USER.get_or_init(|| 61_184 + process_id().unsigned_abs() % 4000)
}

/// The user that a program is in namespaces of its own.
const INNER_USER: u32 = 1000;
/// The newest Landlock that is known here; older kernels enforce what they can.
const LANDLOCK: ABI = ABI::V6;

/// Where a child tells what became of it.
pub(super) struct Ends<'a> {
    /// Why the program did not start; closed by its start.
    pub(super) errors: &'a PipeWriter,
    /// How the program ended, where the child is not the program itself.
    pub(super) status: &'a PipeWriter,
    /// What the program reads; opened while everything can still be seen.
    pub(super) stdin: &'a fs::File,
}

/// What a wait status says.
pub(super) fn ending(status: i32) -> Ending {
    if libc::WIFSIGNALED(status) {
        Ending::Signaled(libc::WTERMSIG(status))
    } else {
        Ending::Exited(libc::WEXITSTATUS(status))
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn named<T>(what: &str, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| io::Error::new(error.kind(), format!("{what}: {error}")))
}

fn c_string(text: &OsStr) -> io::Result<CString> {
    Ok(CString::new(text.as_bytes())?)
}

/// Our process's number.
pub(super) fn process_id() -> i32 {
    // SAFETY: no preconditions.
    unsafe { libc::getpid() }
}

/// Orphans below us become our children instead of the system's, and we leave the terminal.
pub(super) fn become_subreaper() -> io::Result<()> {
    // SAFETY: no preconditions; a process that leads a group already keeps its session.
    unsafe {
        check(libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1))?;
        libc::setsid();
    }
    Ok(())
}

/// Starts a child that runs a function and never returns from it.
pub(super) fn fork(then: impl FnOnce() -> io::Result<()>) -> io::Result<i32> {
    // SAFETY: the process has one thread, so that the child may do everything.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let code = i32::from(then().is_err());
        // SAFETY: ends the child without running what the parent will run at its own end.
        unsafe { libc::_exit(code) }
    }
    check(pid)?;
    Ok(pid)
}

/// Runs something in a child; its error as text.
pub(super) fn attempt(what: &dyn Fn() -> io::Result<()>) -> Result<(), String> {
    let trial = || -> io::Result<String> {
        let (mut reading, writing) = io::pipe()?;
        let pid = fork(|| {
            let mut writing = &writing;
            what().inspect_err(|error| {
                let _ = write!(writing, "{error}");
            })
        })?;
        drop(writing);
        let mut text = String::new();
        io::Read::read_to_string(&mut reading, &mut text)?;
        let mut status = 0;
        // SAFETY: `waitpid` writes to the integer it is given.
        check(unsafe { libc::waitpid(pid, &raw mut status, 0) })?;
        if text.is_empty() && status != 0 {
            text = format!("the trial ended with status {status}");
        }
        Ok(text)
    };
    match trial() {
        Ok(text) if text.is_empty() => Ok(()),
        Ok(text) => Err(text),
        Err(error) => Err(error.to_string()),
    }
}

/// Waits until one of the descriptors can be read or has been closed, or time is up.
pub(super) fn poll(fds: &[Option<RawFd>; 2], wait: Duration) -> io::Result<[bool; 2]> {
    let mut polled = fds.map(|fd| libc::pollfd {
        // Negative ones are ignored (poll(2)).
        fd: fd.unwrap_or(-1),
        events: libc::POLLIN,
        revents: 0,
    });
    let millis = i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
    // SAFETY: the array outlives the call and has the length that is told.
    let done = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, millis) };
    if done < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(polled.map(|fd| fd.revents != 0))
}

fn is_root() -> bool {
    // SAFETY: no preconditions.
    unsafe { libc::geteuid() == 0 }
}

/// Whether a user without rights of their own can walk to a folder.
fn can_be_reached(folder: &Path) -> bool {
    folder
        .ancestors()
        .skip(1)
        .all(|above| fs::metadata(above).is_ok_and(|metadata| metadata.mode() & 0o001 != 0))
}

/// Gives the working directory to the other user, if the program becomes one.
pub(super) fn give_away(order: &RunOrder) -> io::Result<()> {
    let user = other_user();
    if becomes_other(order) {
        for folder in &order.jail.writable {
            named("chown", chown(folder, Some(user), Some(user)))?;
        }
    }
    Ok(())
}

fn becomes_other(order: &RunOrder) -> bool {
    order.jail.other_user && is_root() && (order.jail.root.is_some() || can_be_reached(&order.folder))
}

/// Makes namespaces for the children to come.
pub(super) fn unshare(order: &RunOrder) -> io::Result<()> {
    let mut flags = libc::CLONE_NEWPID | libc::CLONE_NEWUTS;
    if order.jail.loopback {
        // Without it the filter lets no socket be made, and a network that nobody uses takes a millisecond to make.
        flags |= libc::CLONE_NEWIPC | libc::CLONE_NEWNET;
    }
    // SAFETY: no preconditions.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    if user != 0 {
        flags |= libc::CLONE_NEWUSER;
    }
    // SAFETY: the process has one thread.
    named("unshare", check(unsafe { libc::unshare(flags) }))?;
    if user != 0 {
        // user_namespaces(7): the group's map can be written only after giving up setgroups.
        named("setgroups", fs::write("/proc/self/setgroups", "deny"))?;
        named(
            "uid_map",
            fs::write("/proc/self/uid_map", format!("{INNER_USER} {user} 1")),
        )?;
        named(
            "gid_map",
            fs::write("/proc/self/gid_map", format!("{INNER_USER} {group} 1")),
        )?;
    }
    let name = b"proofbook";
    // SAFETY: pointer and length belong together.
    named(
        "sethostname",
        check(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }),
    )?;
    if order.jail.loopback {
        named("loopback", loopback_up())?;
    }
    Ok(())
}

/// Switches the namespace's own loopback interface on.
fn loopback_up() -> io::Result<()> {
    // SAFETY: `ifreq` is plain data, for which zeros are valid; the name fits and ends with a zero.
    unsafe {
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        check(socket)?;
        let mut request: libc::ifreq = std::mem::zeroed();
        for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
            *to = *from as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let done = check(libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request));
        libc::close(socket);
        done
    }
}

/// In the child: the program, or the first process of namespaces, which starts it. Returns only if that failed.
pub(super) fn start(order: &RunOrder, warden: i32, ends: &Ends<'_>) -> io::Result<()> {
    let done = if let Some(root) = &order.jail.root {
        init(order, root, ends)
    } else {
        program(order, warden, ends)
    };
    if let Err(error) = &done {
        let mut errors = ends.errors;
        let _ = write!(errors, "{error}");
    }
    done
}

/// The first process of a namespace: starts the program, reaps orphans, tells how the program ended.
fn init(order: &RunOrder, root: &Path, ends: &Ends<'_>) -> io::Result<()> {
    // The kernel ends this process, and so the namespace, with the warden.
    // SAFETY: no preconditions.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    mount_root(order, root)?;
    let program = fork(|| {
        let done = program(order, 1, ends);
        if let Err(error) = &done {
            let mut errors = ends.errors;
            let _ = write!(errors, "{error}");
        }
        done
    })?;
    // Only the program may keep this end open, so that its start closes the pipe.
    // SAFETY: the descriptor is not used in this process any more; it ends by `_exit`.
    unsafe { libc::close(ends.errors.as_raw_fd()) };
    loop {
        let mut status = 0;
        // SAFETY: `waitpid` writes to the integer it is given.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, 0) };
        if pid == program {
            let text = serde_json::to_string(&ending(status))?;
            let mut to = ends.status;
            return to.write_all(text.as_bytes());
        }
        if pid < 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

/// Devices that a program may use.
const DEVICES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

/// Replaces the root by an empty file system in which only what the program may use is mounted, at its own place.
fn mount_root(order: &RunOrder, root: &Path) -> io::Result<()> {
    // SAFETY: the process has one thread.
    named(
        "unshare mounts",
        check(unsafe { libc::unshare(libc::CLONE_NEWNS) }),
    )?;
    let none = Path::new("none");
    mount(none, Path::new("/"), None, libc::MS_REC | libc::MS_PRIVATE)?;
    mount(none, root, Some("tmpfs"), libc::MS_NOSUID | libc::MS_NODEV)?;
    let read_only = libc::MS_RDONLY | libc::MS_NOSUID;
    for path in &order.jail.readable {
        bind(root, path, read_only)?;
    }
    for device in DEVICES {
        bind(root, Path::new(device), libc::MS_NOSUID)?;
    }
    for path in &order.jail.writable {
        bind(root, path, libc::MS_NOSUID | libc::MS_NODEV)?;
    }
    let proc = root.join("proc");
    fs::create_dir_all(&proc)?;
    // Refused in containers that hide parts of theirs; then there is none, and programs do without.
    let _ = mount(
        none,
        &proc,
        Some("proc"),
        libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC,
    );
    let place = c_string(root.as_os_str())?;
    // SAFETY: the strings outlive the calls.
    unsafe {
        named("chdir", check(libc::chdir(place.as_ptr())))?;
        // pivot_root(2): with both at one place the old root comes to lie over the new one, and is taken off.
        let here = c".".as_ptr();
        named(
            "pivot_root",
            check(libc::syscall(libc::SYS_pivot_root, here, here) as libc::c_int),
        )?;
        named("umount", check(libc::umount2(here, libc::MNT_DETACH)))?;
        named("chdir", check(libc::chdir(c"/".as_ptr())))?;
    }
    named(
        "remount",
        mount(
            none,
            Path::new("/"),
            None,
            libc::MS_REMOUNT | libc::MS_BIND | read_only,
        ),
    )
}

fn mount(source: &Path, target: &Path, kind: Option<&str>, flags: libc::c_ulong) -> io::Result<()> {
    let (source, place) = (c_string(source.as_os_str())?, c_string(target.as_os_str())?);
    let kind = kind.map(CString::new).transpose()?;
    let kind = kind.as_ref().map_or(std::ptr::null(), |kind| kind.as_ptr());
    // SAFETY: the strings outlive the call; no data is passed.
    let done = unsafe { libc::mount(source.as_ptr(), place.as_ptr(), kind, flags, std::ptr::null()) };
    named(&format!("mount {}", target.display()), check(done))
}

/// Shows a file or folder at its own place below a new root; a link stays a link.
fn bind(root: &Path, path: &Path, flags: libc::c_ulong) -> io::Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let place = root.join(path.strip_prefix("/").unwrap_or(path));
    if fs::symlink_metadata(&place).is_ok_and(|there| !there.is_dir()) {
        return Ok(());
    }
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent)?;
    }
    if metadata.is_symlink() {
        return symlink(fs::read_link(path)?, place);
    }
    if metadata.is_dir() {
        fs::create_dir_all(&place)?;
    } else {
        fs::write(&place, "")?;
    }
    mount(path, &place, None, libc::MS_BIND | libc::MS_REC)?;
    // In a user namespace flags that the mount has already may not be taken off (mount_namespaces(7)).
    let kept = mount_flags(&place)?;
    mount(
        path,
        &place,
        None,
        libc::MS_BIND | libc::MS_REMOUNT | flags | kept,
    )
}

fn mount_flags(place: &Path) -> io::Result<libc::c_ulong> {
    let flags = rustix::fs::statvfs(place)?.f_flag;
    use rustix::fs::StatVfsMountFlags as Flags;
    let pairs = [
        (Flags::NODEV, libc::MS_NODEV),
        (Flags::NOEXEC, libc::MS_NOEXEC),
        (Flags::NOSUID, libc::MS_NOSUID),
        (Flags::NOATIME, libc::MS_NOATIME),
        (Flags::NODIRATIME, libc::MS_NODIRATIME),
        (Flags::RELATIME, libc::MS_RELATIME),
        (Flags::RDONLY, libc::MS_RDONLY),
    ];
    Ok(pairs
        .iter()
        .filter(|(flag, _)| flags.contains(*flag))
        .fold(0, |all, (_, flag)| all | flag))
}

/// Becomes the program; returns only if that failed.
fn program(order: &RunOrder, parent: i32, ends: &Ends<'_>) -> io::Result<()> {
    let jail = &order.jail;
    // SAFETY: both descriptors are open; the copy is inherited, which is meant.
    check(unsafe { libc::dup2(ends.stdin.as_raw_fd(), 0) })?;
    let folder = c_string(order.folder.as_os_str())?;
    // SAFETY: the string outlives the call.
    named(
        "working directory",
        check(unsafe { libc::chdir(folder.as_ptr()) }),
    )?;
    // SAFETY: no preconditions. Addresses that do not change make printed ones repeat.
    unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) };
    if jail.one_cpu {
        stay_on_one_cpu();
    }
    limits(order)?;
    give_up_rights(order)?;
    // Every change of credentials clears this, so it comes after them (prctl(2)).
    // SAFETY: no preconditions.
    unsafe {
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
        if libc::getppid() != parent {
            return Err(io::Error::other("the warden is gone"));
        }
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
    }
    landlock(jail)?;
    // Prepared before the filter, which would refuse some of it.
    let program = c_string(order.program.as_os_str())?;
    let mut args = vec![program.clone()];
    for arg in &order.args {
        args.push(CString::new(arg.as_str())?);
    }
    let mut env = Vec::new();
    for (name, value) in &order.env {
        env.push(CString::new(format!("{name}={value}"))?);
    }
    close_inherited(true);
    filter::install(jail)?;
    let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
        list.iter()
            .map(|text| text.as_ptr())
            .chain([std::ptr::null()])
            .collect()
    };
    let (args, env) = (pointers(&args), pointers(&env));
    // SAFETY: both lists end with a null pointer, and their strings outlive the call.
    unsafe { libc::execve(program.as_ptr(), args.as_ptr(), env.as_ptr()) };
    named("exec", Err(io::Error::last_os_error()))
}

fn stay_on_one_cpu() {
    // SAFETY: `cpu_set_t` is plain data for which zeros are valid; the sizes are those of the type. Where it fails the
    // program runs on all processors, as it would have.
    unsafe {
        let mut all: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut all) != 0 {
            return;
        }
        let last = (0..libc::CPU_SETSIZE as usize)
            .rev()
            .find(|&cpu| libc::CPU_ISSET(cpu, &all));
        if let Some(cpu) = last {
            let mut one: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(cpu, &mut one);
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const one);
        }
    }
}

fn limits(order: &RunOrder) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let jail = &order.jail;
    let set = |resource: Resource, wanted: u64| -> io::Result<()> {
        // A limit that is lower already stays.
        let most = getrlimit(resource)
            .maximum
            .map_or(wanted, |most| most.min(wanted));
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        named("limits", setrlimit(resource, limit).map_err(io::Error::from))
    };
    set(Resource::Core, 0)?;
    if let Some(bytes) = jail.memory {
        set(Resource::As, bytes.saturating_add(ADDRESS_ROOM))?;
        set(Resource::Memlock, 64 << 10)?;
        // The customary size, so that a stack overflows at the same depth everywhere.
        set(Resource::Stack, 8 << 20)?;
        set(Resource::Nofile, 256)?;
    }
    if let Some(bytes) = jail.disk {
        set(Resource::Fsize, bytes)?;
    }
    if let Some(limit) = order.timeout {
        // SAFETY: no preconditions.
        let cpus = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }.max(1) as u64;
        set(Resource::Cpu, (limit.as_secs() + 2) * cpus)?;
    }
    // Counted per user, threads included: for a user that is nobody else as it is, else on top of what there is.
    if let Some(processes) = jail.processes {
        if jail.root.is_some() || becomes_other(order) {
            set(Resource::Nproc, NPROC)?;
        } else if processes > 1 {
            set(Resource::Nproc, super::tree::tasks_of_user() + NPROC)?;
        }
    }
    Ok(())
}

/// Threads of a run, those of all its processes together.
const NPROC: u64 = 512;

/// Address space beyond a program's memory: its code, its libraries, and heaps that glibc reserves and never touches.
const ADDRESS_ROOM: u64 = 512 << 20;

/// Becomes another user, where asked for and possible, and gives up all capabilities in any case.
fn give_up_rights(order: &RunOrder) -> io::Result<()> {
    let user = other_user();
    // SAFETY: no preconditions but pointers to nothing; the structures are those of capset(2), version 3.
    unsafe {
        for capability in 0..=63 {
            // The kernel knows fewer, and says so.
            libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
        libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        if becomes_other(order) {
            named("setgroups", check(libc::setgroups(0, std::ptr::null())))?;
            named("setgid", check(libc::setresgid(user, user, user)))?;
            named("setuid", check(libc::setresuid(user, user, user)))?;
        }
        let header: [u32; 2] = [0x2008_0522, 0];
        let none = [0_u32; 6];
        named(
            "capset",
            check(libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) as libc::c_int),
        )
    }
}

/// Which Landlock the kernel has; 0 for none.
pub(super) fn landlock_abi() -> i64 {
    static ABI: OnceLock<i64> = OnceLock::new();
    // SAFETY: with this flag the call reads no memory (landlock_create_ruleset(2)).
    *ABI.get_or_init(|| unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0, 0, 1) }.max(0))
}

/// Whether the kernel has Landlock.
pub(super) fn has_landlock() -> bool {
    landlock_abi() > 0
}

/// Closes every descriptor that was inherited, or leaves it to `exec` to do so.
pub(super) fn close_inherited(at_exec: bool) {
    let flags = if at_exec { libc::CLOSE_RANGE_CLOEXEC } else { 0 };
    // SAFETY: nothing of ours is open yet beyond the three standard ones, or all is marked and stays open until `exec`.
    // A kernel without the call is older than Landlock.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, flags) };
}

fn landlock(jail: &super::Jail) -> io::Result<()> {
    if !has_landlock() {
        return Ok(());
    }
    let restrict = || -> Result<RulesetStatus, landlock::RulesetError> {
        let all = AccessFs::from_all(LANDLOCK);
        let mut ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(all)?
            .scope(Scope::from_all(LANDLOCK))?;
        if !jail.loopback && !jail.network {
            ruleset = ruleset.handle_access(AccessNet::from_all(LANDLOCK))?;
        }
        let devices = DEVICES.iter().map(Path::new);
        let status = ruleset
            .create()?
            .add_rules(path_beneath_rules(&jail.readable, AccessFs::from_read(LANDLOCK)))?
            .add_rules(path_beneath_rules(
                devices,
                AccessFs::ReadFile | AccessFs::WriteFile,
            ))?
            .add_rules(path_beneath_rules(&jail.writable, all))?
            // Its own memory map, by which the standard library tells an overflow of the stack.
            .add_rules(path_beneath_rules(
                jail.processes.map(|_| "/proc/self"),
                AccessFs::ReadFile | AccessFs::ReadDir,
            ))?
            .restrict_self()?;
        Ok(status.ruleset)
    };
    match restrict() {
        Ok(RulesetStatus::NotEnforced) => Err(io::Error::other("landlock: not enforced")),
        Ok(_) => Ok(()),
        Err(error) => Err(io::Error::other(format!("landlock: {error}"))),
    }
}

/// Tries Landlock for the whole process.
pub(super) fn landlock_works() -> io::Result<()> {
    if !has_landlock() {
        return Err(io::Error::other(
            "this kernel does not have it, or it is not enabled",
        ));
    }
    landlock(&super::Jail::default())?;
    match fs::read("/proc/self/status") {
        Err(_) => Ok(()),
        Ok(_) => Err(io::Error::other("it is in force and refuses nothing")),
    }
}

/// Tries the filter for the whole process.
pub(super) fn seccomp_works() -> io::Result<()> {
    // SAFETY: no preconditions.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    filter::install(&super::Jail {
        processes: Some(1),
        ..super::Jail::default()
    })?;
    // SAFETY: no preconditions.
    if unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) } >= 0 {
        return Err(io::Error::other("it is in force and refuses nothing"));
    }
    Ok(())
}

/// Tries namespaces with their mounts for the whole process: some systems allow the first and refuse the second.
pub(super) fn namespaces_work(root: &Path) -> io::Result<()> {
    let order = RunOrder {
        program: PathBuf::new(),
        args: Vec::new(),
        env: Vec::new(),
        folder: PathBuf::from("/"),
        stdin: None,
        timeout: None,
        jail: super::Jail {
            root: Some(root.to_owned()),
            readable: vec![PathBuf::from("/usr/lib")],
            loopback: true,
            ..super::Jail::default()
        },
    };
    unshare(&order)?;
    let done = attempt(&|| mount_root(&order, root));
    done.map_err(io::Error::other)
}
