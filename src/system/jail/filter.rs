//! Which system calls a program may make (seccomp(2)).
//!
//! A snippet gets a list of what it may do: everything that the standard library does with threads, files, time and pipes.
//! A build needs so much more (shells, linkers, build scripts of any kind) that it gets a list of what it may not.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

use super::Jail;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// System calls that a snippet may make with any arguments.
#[rustfmt::skip]
const ALLOWED: &[i64] = &[
    // Files.
    libc::SYS_read, libc::SYS_readv, libc::SYS_pread64, libc::SYS_preadv, libc::SYS_preadv2, libc::SYS_write,
    libc::SYS_writev, libc::SYS_pwrite64, libc::SYS_pwritev, libc::SYS_pwritev2, libc::SYS_close, libc::SYS_close_range, libc::SYS_fstat, libc::SYS_newfstatat,
    libc::SYS_statx, libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_lseek, libc::SYS_dup, libc::SYS_dup3, libc::SYS_flock, libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_sync_file_range, libc::SYS_ftruncate, libc::SYS_fallocate, libc::SYS_fadvise64, libc::SYS_readahead,
    libc::SYS_getdents64, libc::SYS_getcwd, libc::SYS_chdir, libc::SYS_fchdir, libc::SYS_renameat2, libc::SYS_unlinkat, libc::SYS_symlinkat, libc::SYS_linkat, libc::SYS_readlinkat, libc::SYS_umask, libc::SYS_copy_file_range,
    libc::SYS_sendfile, libc::SYS_splice, libc::SYS_tee, libc::SYS_statfs, libc::SYS_fstatfs,
    // Memory.
    libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_munmap, libc::SYS_mremap, libc::SYS_madvise, libc::SYS_msync,
    libc::SYS_mincore, libc::SYS_mlock, libc::SYS_munlock, libc::SYS_brk, libc::SYS_membarrier,
    // Signals to itself, time, events.
    libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_rt_sigtimedwait,
    libc::SYS_rt_sigpending, libc::SYS_rt_sigsuspend, libc::SYS_sigaltstack, libc::SYS_restart_syscall,
    libc::SYS_nanosleep, libc::SYS_clock_nanosleep, libc::SYS_clock_gettime, libc::SYS_clock_getres,
    libc::SYS_gettimeofday, libc::SYS_times, libc::SYS_setitimer, libc::SYS_getitimer, libc::SYS_timer_create,
    libc::SYS_timer_settime, libc::SYS_timer_gettime, libc::SYS_timer_delete, libc::SYS_timer_getoverrun,
    libc::SYS_timerfd_create, libc::SYS_timerfd_settime, libc::SYS_timerfd_gettime, libc::SYS_signalfd4,
    libc::SYS_eventfd2, libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_pwait,
    libc::SYS_ppoll, libc::SYS_pselect6, libc::SYS_pipe2,
    // A socket pair is a pipe of two ways; other sockets are refused where they are made.
    libc::SYS_sendto, libc::SYS_recvfrom, libc::SYS_sendmsg, libc::SYS_recvmsg, libc::SYS_shutdown,
    libc::SYS_getsockopt, libc::SYS_setsockopt, libc::SYS_getsockname, libc::SYS_getpeername,
    // Further filters, which can only take more away: the second of ours, and the program's own.
    libc::SYS_seccomp,
    // Threads, and what a process asks about itself.
    libc::SYS_futex, libc::SYS_futex_waitv, libc::SYS_set_robust_list, libc::SYS_get_robust_list,
    libc::SYS_set_tid_address, libc::SYS_rseq, libc::SYS_sched_yield, libc::SYS_sched_getaffinity, libc::SYS_sched_getparam, libc::SYS_sched_getscheduler,
    libc::SYS_sched_get_priority_max, libc::SYS_sched_get_priority_min, libc::SYS_getcpu, libc::SYS_getpid,
    libc::SYS_gettid, libc::SYS_getppid, libc::SYS_getuid, libc::SYS_geteuid, libc::SYS_getgid,
    libc::SYS_getegid, libc::SYS_getgroups, libc::SYS_getresuid, libc::SYS_getresgid, libc::SYS_getpgid,
    libc::SYS_getsid, libc::SYS_setsid, libc::SYS_getpriority, libc::SYS_getrusage,
    libc::SYS_getrlimit, libc::SYS_setrlimit, libc::SYS_sysinfo, libc::SYS_uname,
    libc::SYS_capget, libc::SYS_getrandom, libc::SYS_exit, libc::SYS_exit_group, libc::SYS_execve,
    libc::SYS_execveat, libc::SYS_wait4, libc::SYS_waitid,
];

/// The older spellings of the same calls, which newer architectures do not have.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const ALLOWED_HERE: &[i64] = &[ libc::SYS_stat, libc::SYS_lstat, libc::SYS_access, libc::SYS_dup2,
    libc::SYS_pipe, libc::SYS_rename, libc::SYS_renameat, libc::SYS_rmdir, libc::SYS_unlink,
    libc::SYS_symlink, libc::SYS_link, libc::SYS_readlink,
    libc::SYS_getdents, libc::SYS_poll, libc::SYS_select, libc::SYS_epoll_create, libc::SYS_epoll_wait,
    libc::SYS_eventfd, libc::SYS_signalfd, libc::SYS_time, libc::SYS_alarm,
    libc::SYS_pause, libc::SYS_getpgrp, libc::SYS_arch_prctl,
];
#[cfg(target_arch = "aarch64")]
const ALLOWED_HERE: &[i64] = &[libc::SYS_renameat];

/// Further calls of a snippet that may start processes.
const ALLOWED_FOR_PROCESSES: &[i64] = &[
    libc::SYS_setpgid,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
];

/// Further calls of a snippet with a network of its own.
const ALLOWED_FOR_LOOPBACK: &[i64] = &[
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_sendmmsg,
    libc::SYS_recvmmsg,
];

/// What a build may not do: reach the network, other processes, or the system.
#[rustfmt::skip]
const REFUSED_TO_BUILDS: &[i64] = &[
    libc::SYS_socket, libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev, libc::SYS_kcmp,
    libc::SYS_pidfd_getfd, libc::SYS_mount, libc::SYS_umount2, libc::SYS_move_mount, libc::SYS_fsopen,
    libc::SYS_fsconfig, libc::SYS_fsmount, libc::SYS_fspick, libc::SYS_open_tree, libc::SYS_mount_setattr,
    libc::SYS_pivot_root, libc::SYS_chroot, libc::SYS_unshare, libc::SYS_setns, libc::SYS_bpf,
    libc::SYS_perf_event_open, libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_request_key,
    libc::SYS_userfaultfd, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register,
    libc::SYS_memfd_create, libc::SYS_swapon, libc::SYS_swapoff, libc::SYS_reboot, libc::SYS_kexec_load,
    libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module, libc::SYS_acct,
    libc::SYS_quotactl, libc::SYS_sethostname, libc::SYS_setdomainname, libc::SYS_syslog,
    libc::SYS_name_to_handle_at, libc::SYS_open_by_handle_at, libc::SYS_settimeofday, libc::SYS_clock_settime,
    libc::SYS_clock_adjtime, libc::SYS_adjtimex, libc::SYS_vhangup, libc::SYS_shmget, libc::SYS_shmat,
    libc::SYS_shmctl, libc::SYS_msgget, libc::SYS_msgsnd, libc::SYS_msgctl, libc::SYS_semget, libc::SYS_semop,
    libc::SYS_semctl, libc::SYS_mq_open, libc::SYS_mq_unlink, libc::SYS_memfd_secret, libc::SYS_fanotify_init,
    libc::SYS_kexec_file_load, libc::SYS_setpriority, libc::SYS_sched_setscheduler, libc::SYS_sched_setattr,
    libc::SYS_ioprio_set, libc::SYS_migrate_pages, libc::SYS_move_pages,
];

/// Bits of a mode that lend a file's owner's rights to whoever runs it.
const SET_ID: u64 = 0o6000;

/// System calls that give a file a mode, with the place of the mode among their arguments.
#[cfg(target_arch = "x86_64")]
const MODES: &[(i64, u8)] = &[
    (libc::SYS_chmod, 1),
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (libc::SYS_mkdir, 1),
    (libc::SYS_mkdirat, 2),
    (libc::SYS_creat, 1),
    (libc::SYS_open, 2),
    (libc::SYS_openat, 3),
];
#[cfg(not(target_arch = "x86_64"))]
const MODES: &[(i64, u8)] = &[
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (libc::SYS_mkdirat, 2),
    (libc::SYS_openat, 3),
];

/// Those of them that change a file by its path.
#[cfg(target_arch = "x86_64")]
const BY_PATH: &[i64] = &[libc::SYS_chmod, libc::SYS_fchmodat];
#[cfg(not(target_arch = "x86_64"))]
const BY_PATH: &[i64] = &[libc::SYS_fchmodat];

/// Newer spellings whose arguments no filter can read; programs take the older ones where there are none.
const UNREADABLE: [i64; 3] = [libc::SYS_clone3, libc::SYS_openat2, SYS_FCHMODAT2];

/// fchmodat2(2), since Linux 6.6 on every architecture.
const SYS_FCHMODAT2: i64 = 452;

/// Flags of clone(2) that make namespaces.
const NEW_NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP) as u64;

/// Takes all other system calls from this process for good.
pub(super) fn install(jail: &Jail) -> io::Result<()> {
    let main = if jail.processes.is_some() {
        snippet(jail)
    } else {
        build(jail)
    };
    let programs = main.and_then(|main| {
        // With "no such call" instead of "not allowed", threads are made by the older call, whose flags can be read.
        let newer: Rules = UNREADABLE.into_iter().map(|call| (call, Vec::new())).collect();
        Ok([
            main,
            compile(
                newer,
                SeccompAction::Allow,
                SeccompAction::Errno(libc::ENOSYS as u32),
            )?,
        ])
    });
    let applied = programs.and_then(|programs| {
        programs
            .iter()
            .try_for_each(|program| apply_filter(program).map_err(|error| error.to_string()))
    });
    applied.map_err(|error| io::Error::other(format!("seccomp: {error}")))
}

const fn arch() -> TargetArch {
    if cfg!(target_arch = "aarch64") {
        TargetArch::aarch64
    } else if cfg!(target_arch = "riscv64") {
        TargetArch::riscv64
    } else {
        TargetArch::x86_64
    }
}

fn compile(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<BpfProgram, String> {
    SeccompFilter::new(rules, otherwise, matched, arch())
        .and_then(BpfProgram::try_from)
        .map_err(|error| error.to_string())
}

/// A rule that holds where all conditions on 32-bit arguments hold.
fn when(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, String> {
    let conditions = conditions
        .iter()
        .map(|(index, op, value)| SeccompCondition::new(*index, SeccompCmpArgLen::Dword, op.clone(), *value))
        .collect::<Result<_, _>>();
    conditions
        .and_then(SeccompRule::new)
        .map_err(|error| error.to_string())
}

fn snippet(jail: &Jail) -> Result<BpfProgram, String> {
    let mut rules: Rules = ALLOWED
        .iter()
        .chain(ALLOWED_HERE)
        .map(|&call| (call, Vec::new()))
        .collect();
    let own = u64::from(std::process::id());
    let several = jail.processes != Some(1);
    let inet = [libc::AF_INET, libc::AF_INET6].map(|family| family as u64);
    // A thread is a process that shares everything.
    let thread = libc::CLONE_THREAD as u64;
    let clone = if several {
        when(&[(0, SeccompCmpOp::MaskedEq(NEW_NAMESPACES), 0)])?
    } else {
        when(&[(0, SeccompCmpOp::MaskedEq(thread | NEW_NAMESPACES), thread)])?
    };
    rules.insert(libc::SYS_clone, vec![clone]);
    // Not even its own terminal, into whose input it could type.
    // Nor signals by way of a descriptor's owner (FIOSETOWN, SIOCSPGRP, F_SETOWN, F_SETSIG, F_SETOWN_EX).
    rules.insert(
        libc::SYS_ioctl,
        vec![when(&[
            (1, SeccompCmpOp::Ne, 0x5412),
            (1, SeccompCmpOp::Ne, 0x541c),
            (1, SeccompCmpOp::Ne, 0x8901),
            (1, SeccompCmpOp::Ne, 0x8902),
        ])?],
    );
    rules.insert(
        libc::SYS_fcntl,
        vec![when(&[
            (1, SeccompCmpOp::Ne, 8),
            (1, SeccompCmpOp::Ne, 10),
            (1, SeccompCmpOp::Ne, 15),
        ])?],
    );
    // Not to outlive the warden.
    rules.insert(
        libc::SYS_prctl,
        vec![when(&[(0, SeccompCmpOp::Ne, libc::PR_SET_PDEATHSIG as u64)])?],
    );
    for call in [libc::SYS_prlimit64, libc::SYS_sched_setaffinity] {
        rules.insert(
            call,
            vec![
                when(&[(0, SeccompCmpOp::Eq, 0)])?,
                when(&[(0, SeccompCmpOp::Eq, own)])?,
            ],
        );
    }
    for &(call, mode) in MODES {
        rules.insert(call, vec![when(&[(mode, SeccompCmpOp::MaskedEq(SET_ID), 0)])?]);
    }
    // Landlock does not speak of these: without mounts of its own a program could reach any file of its user by path.
    if jail.root.is_none() {
        for call in BY_PATH {
            rules.remove(call);
        }
        let no_path = SeccompCondition::new(1, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0);
        let by_descriptor = no_path
            .and_then(|condition| SeccompRule::new(vec![condition]))
            .map_err(|error| error.to_string())?;
        rules.insert(libc::SYS_utimensat, vec![by_descriptor]);
    } else {
        rules.insert(libc::SYS_utimensat, Vec::new());
        for call in [
            libc::SYS_inotify_init1,
            libc::SYS_inotify_add_watch,
            libc::SYS_inotify_rm_watch,
        ] {
            rules.insert(call, Vec::new());
        }
    }
    // Before Landlock's third ABI emptying a file was no right of its own.
    if super::inside::landlock_abi() >= 3 || jail.root.is_some() {
        rules.insert(libc::SYS_truncate, Vec::new());
    }
    rules.insert(libc::SYS_tgkill, vec![when(&[(0, SeccompCmpOp::Eq, own)])?]);
    rules.insert(
        libc::SYS_socketpair,
        vec![when(&[(0, SeccompCmpOp::Eq, libc::AF_UNIX as u64)])?],
    );
    if several && jail.root.is_some() {
        // Nobody else is there.
        rules.insert(libc::SYS_kill, Vec::new());
        rules.insert(libc::SYS_tgkill, Vec::new());
    } else {
        rules.insert(libc::SYS_kill, vec![when(&[(0, SeccompCmpOp::Eq, own)])?]);
    }
    if several {
        rules.extend(ALLOWED_FOR_PROCESSES.iter().map(|&call| (call, Vec::new())));
        #[cfg(target_arch = "x86_64")]
        rules.extend([libc::SYS_fork, libc::SYS_vfork].map(|call| (call, Vec::new())));
    }
    if jail.loopback {
        rules.extend(ALLOWED_FOR_LOOPBACK.iter().map(|&call| (call, Vec::new())));
        let families = inet
            .iter()
            .map(|&family| when(&[(0, SeccompCmpOp::Eq, family)]))
            .collect::<Result<_, _>>()?;
        rules.insert(libc::SYS_socket, families);
    }
    compile(
        rules,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
    )
}

fn build(jail: &Jail) -> Result<BpfProgram, String> {
    let mut rules: Rules = REFUSED_TO_BUILDS.iter().map(|&call| (call, Vec::new())).collect();
    let per_flag = [
        libc::CLONE_NEWNS,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ]
    .map(|flag| when(&[(0, SeccompCmpOp::MaskedEq(flag as u64), flag as u64)]));
    rules.insert(libc::SYS_clone, per_flag.into_iter().collect::<Result<_, _>>()?);
    rules.insert(
        libc::SYS_ioctl,
        vec![
            when(&[(1, SeccompCmpOp::Eq, 0x5412)])?,
            when(&[(1, SeccompCmpOp::Eq, 0x541c)])?,
            when(&[(1, SeccompCmpOp::Eq, 0x8901)])?,
            when(&[(1, SeccompCmpOp::Eq, 0x8902)])?,
        ],
    );
    rules.insert(
        libc::SYS_fcntl,
        vec![
            when(&[(1, SeccompCmpOp::Eq, 8)])?,
            when(&[(1, SeccompCmpOp::Eq, 10)])?,
            when(&[(1, SeccompCmpOp::Eq, 15)])?,
        ],
    );
    for call in [libc::SYS_prlimit64, libc::SYS_sched_setaffinity] {
        rules.insert(call, vec![when(&[(0, SeccompCmpOp::Ne, 0)])?]);
    }
    #[cfg(target_arch = "x86_64")]
    let nodes = [(libc::SYS_mknod, 1), (libc::SYS_mknodat, 2)];
    #[cfg(not(target_arch = "x86_64"))]
    let nodes = [(libc::SYS_mknodat, 2)];
    for &(call, mode) in MODES.iter().chain(&nodes) {
        let bits = [0o4000, 0o2000].map(|bit| when(&[(mode, SeccompCmpOp::MaskedEq(bit), bit)]));
        rules.insert(call, bits.into_iter().collect::<Result<_, _>>()?);
    }
    // Others' processes are others' also where the kernel has no scopes for signals.
    if jail.root.is_none() && super::inside::landlock_abi() < 6 {
        let own = u64::from(std::process::id());
        rules.insert(libc::SYS_kill, vec![when(&[(0, SeccompCmpOp::Ne, own)])?]);
        rules.insert(libc::SYS_tkill, Vec::new());
        rules.insert(libc::SYS_pidfd_send_signal, Vec::new());
    }
    if jail.network {
        rules.remove(&libc::SYS_socket);
    }
    #[cfg(target_arch = "x86_64")]
    {
        // The x32 spellings of the same calls (their numbers have this bit) would pass by otherwise.
        const X32: i64 = 0x4000_0000;
        let again: Rules = rules
            .iter()
            .map(|(call, rules)| (call | X32, rules.clone()))
            .collect();
        rules.extend(again);
    }
    compile(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
    )
}
