//! A program that does what no snippet should, one thing a word. Compiled by `tests/sandbox.rs` with rustc alone.

use std::ffi::{CString, c_char, c_int, c_long, c_void};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;
use std::{env, fs, thread};

unsafe extern "C" {
    fn fork() -> c_int;
    fn setsid() -> c_int;
    fn syscall(number: c_long, ...) -> c_long;
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn signal(number: c_int, handler: usize) -> usize;
    fn getppid() -> c_int;
    fn gethostname(name: *mut c_char, len: usize) -> c_int;
    fn mmap(at: *mut c_void, len: usize, prot: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void;
    fn ioctl(fd: c_int, request: u64, ...) -> c_int;
}

fn told<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) {
    match result {
        Ok(_) => println!("{what}: DONE"),
        Err(error) => println!("{what}: refused: {error}"),
    }
}

fn os(what: &str, result: c_long) {
    if result >= 0 {
        println!("{what}: DONE");
    } else {
        println!("{what}: refused: {}", std::io::Error::last_os_error());
    }
}

fn main() {
    let word = env::args().nth(1).unwrap_or_default();
    match word.as_str() {
        "fork-bomb" => {
            for _ in 0..50 {
                let pid = unsafe { fork() };
                if pid == 0 {
                    thread::sleep(Duration::from_secs(1000));
                    return;
                }
                os("fork", pid.into());
            }
            told(
                "process",
                std::process::Command::new("/bin/sh")
                    .arg("-c")
                    .arg("true")
                    .status(),
            );
        }
        "family" => {
            for _ in 0..50 {
                if unsafe { fork() } == 0 {
                    break;
                }
            }
            thread::sleep(Duration::from_secs(1000));
        }
        "fork-bomb-for-real" => loop {
            if unsafe { fork() } == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        },
        "spin" => loop {
            std::hint::spin_loop();
        },
        "sleep" => {
            println!("began");
            thread::sleep(Duration::from_secs(1000));
        }
        "deadlock" => {
            let lock = std::sync::Mutex::new(());
            let _one = lock.lock();
            let _two = lock.lock();
        }
        "drip" => loop {
            print!(".");
            let _ = std::io::stdout().flush();
            thread::sleep(Duration::from_millis(20));
        },
        "deaf" => {
            for number in 1..65 {
                unsafe { signal(number, 1) };
            }
            thread::sleep(Duration::from_secs(1000));
        }
        "flood" => loop {
            println!("{}", "x".repeat(4000));
        },
        "flood-stderr" => loop {
            eprintln!("{}", "x".repeat(4000));
        },
        "huge" => {
            let all: Vec<u8> = Vec::with_capacity(100 << 30);
            println!("got {}", all.capacity());
        }
        "hungry" => {
            let mut all: Vec<Vec<u8>> = Vec::new();
            loop {
                all.push(vec![1; 1 << 20]);
                thread::sleep(Duration::from_micros(200));
            }
        }
        "shared" => {
            for _ in 0..4000 {
                let at = unsafe { mmap(std::ptr::null_mut(), 1 << 20, 3, 0x21, -1, 0) };
                if at as isize == -1 {
                    println!("shared: refused");
                    return;
                }
                unsafe { std::ptr::write_bytes(at.cast::<u8>(), 1, 1 << 20) };
            }
            println!("shared: DONE");
        }
        "memfd" => {
            let name = CString::new("x").unwrap_or_default();
            #[cfg(target_arch = "x86_64")]
            os("memfd", unsafe { syscall(319, name.as_ptr(), 0) });
            #[cfg(not(target_arch = "x86_64"))]
            os("memfd", unsafe { syscall(279, name.as_ptr(), 0) });
        }
        "write-outside" => {
            for path in env::args().skip(2) {
                told(&path, fs::write(&path, "mine now"));
            }
        }
        "read-secrets" => {
            for path in env::args().skip(2) {
                let mut text = Vec::new();
                told(
                    &path,
                    fs::File::open(&path).and_then(|mut file| file.read_to_end(&mut text)),
                );
            }
            let names: Vec<String> = env::vars().map(|(name, _)| name).collect();
            println!("{}", names.join(" "));
        }
        "sockets" => {
            told("tcp", TcpStream::connect("127.0.0.1:1"));
            told("listen", TcpListener::bind("127.0.0.1:0"));
            told("udp", UdpSocket::bind("127.0.0.1:0"));
            told("unix", UnixListener::bind("socket"));
            for (name, family, kind) in [
                ("netlink", 16, 3),
                ("vsock", 40, 1),
                ("packet", 17, 3),
                ("inet6", 10, 1),
            ] {
                os(name, unsafe { socket(family, kind, 0) }.into());
            }
        }
        "loopback" => {
            let served = TcpListener::bind("127.0.0.1:0").and_then(|listener| {
                let address = listener.local_addr()?;
                let client = thread::spawn(move || {
                    let mut text = String::new();
                    TcpStream::connect(address).and_then(|mut stream| stream.read_to_string(&mut text))?;
                    Ok::<_, std::io::Error>(text)
                });
                listener.accept()?.0.write_all(b"hello over loopback")?;
                client.join().unwrap_or(Ok(String::new()))
            });
            match served {
                Ok(text) => println!("{text}"),
                Err(error) => println!("loopback: {error}"),
            }
            told(
                "outside",
                TcpStream::connect_timeout(
                    &"192.0.2.1:80".parse().unwrap_or_else(|_| unreachable!()),
                    Duration::from_millis(300),
                ),
            );
        }
        "daemon" => {
            let pid = unsafe { fork() };
            if pid == 0 {
                unsafe { setsid() };
                if unsafe { fork() } == 0 {
                    thread::sleep(Duration::from_secs(1000));
                }
                return;
            }
            println!("daemon: {}", if pid > 0 { "started" } else { "refused" });
        }
        "overflow" => println!("{}", deep(0)),
        "panic" => panic!("as intended"),
        "exit" => std::process::exit(3),
        "abort" => std::process::abort(),
        "who" => {
            let mut name = [0 as c_char; 100];
            unsafe { gethostname(name.as_mut_ptr(), 100) };
            let name: Vec<u8> = name.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect();
            println!("{} {}", std::process::id(), String::from_utf8_lossy(&name));
            let here = Box::new(0_u8);
            println!("{here:p}");
        }
        "threads" => {
            let mut count = 0;
            loop {
                match thread::Builder::new().spawn(|| thread::sleep(Duration::from_secs(1000))) {
                    Ok(_) => count += 1,
                    Err(error) => {
                        println!("refused after some: {} {error}", count > 2);
                        return;
                    }
                }
            }
        }
        "descriptors" => {
            let mut all = Vec::new();
            loop {
                match fs::File::open("/dev/null") {
                    Ok(file) => all.push(file),
                    Err(error) => {
                        println!("refused: {} {error}", all.len() < 1000);
                        return;
                    }
                }
            }
        }
        "many-files" => {
            for number in 0..200_000 {
                if let Err(error) = fs::write(number.to_string(), "") {
                    println!("refused at {number}: {error}");
                    return;
                }
            }
            println!("many-files: DONE");
        }
        "fill-disk" => {
            for number in 0.. {
                if let Err(error) = fs::write(number.to_string(), vec![1; 1 << 20]) {
                    println!("refused: {error}");
                    return;
                }
            }
        }
        "long-file" => {
            let mut file = fs::File::create("long").unwrap_or_else(|_| unreachable!());
            loop {
                if let Err(error) = file.write_all(&vec![1; 1 << 20]) {
                    println!("refused: {error}");
                    return;
                }
            }
        }
        "litter" => {
            let _ = std::os::unix::fs::symlink(env::args().nth(2).unwrap_or_default(), "link");
            let _ = fs::create_dir_all("closed/inner");
            let _ = fs::write("closed/inner/file", "x");
            let closed = std::os::unix::fs::PermissionsExt::from_mode(0);
            let _ = fs::set_permissions("closed", closed);
            for _ in 0..3000 {
                if fs::create_dir("d")
                    .and_then(|()| env::set_current_dir("d"))
                    .is_err()
                {
                    break;
                }
            }
            println!("littered");
        }
        "kill-others" => {
            let parent = unsafe { getppid() };
            os("parent", unsafe { kill(parent, 9) }.into());
            os("all", unsafe { kill(-1, 9) }.into());
        }
        "others" => {
            let parent = unsafe { getppid() };
            let limits = [0_u64; 2];
            #[cfg(target_arch = "x86_64")]
            let (prlimit, affinity, prctl) = (302, 203, 157);
            #[cfg(not(target_arch = "x86_64"))]
            let (prlimit, affinity, prctl) = (261, 122, 167);
            os("limits", unsafe { syscall(prlimit, parent, 7, limits.as_ptr(), 0) });
            os("affinity", unsafe { syscall(affinity, parent, 8, limits.as_ptr()) });
            os("outlive", unsafe { syscall(prctl, 1, 0) });
            let _ = fs::write("own", "x");
            let lent = std::os::unix::fs::PermissionsExt::from_mode(0o4755);
            told("lend", fs::set_permissions("own", lent));
        }
        "unlinked" => {
            let mut kept = Vec::new();
            for number in 0.. {
                let name = number.to_string();
                let Ok(mut file) = fs::File::create(&name) else { return };
                let _ = fs::remove_file(&name);
                for _ in 0..60 {
                    if file.write_all(&vec![1; 1 << 20]).is_err() {
                        return;
                    }
                }
                kept.push(file);
            }
        }
        "type" => os("type", unsafe { ioctl(0, 0x5412, c"x".as_ptr()) }.into()),
        "ordinary" => ordinary(),
        other => println!("no such word: {other}"),
    }
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn deep(n: u64) -> u64 {
    let here = std::hint::black_box([n; 64]);
    deep(n + 1) + here[0]
}

/// What the standard library offers and snippets use.
fn ordinary() {
    let mut text = String::new();
    let _ = std::io::stdin().read_to_string(&mut text);
    let sum: u64 = thread::scope(|scope| {
        let parts: Vec<_> = (0..4_u64).map(|n| scope.spawn(move || n * n)).collect();
        parts
            .into_iter()
            .map(|part| part.join().unwrap_or_default())
            .sum()
    });
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || sender.send(7));
    let received = receiver.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
    let file = fs::create_dir("folder")
        .and_then(|()| fs::write("folder/a", "kept"))
        .and_then(|()| fs::rename("folder/a", "folder/b"))
        .and_then(|()| fs::read_to_string("folder/b"))
        .and_then(|kept| fs::remove_dir_all("folder").map(|()| kept))
        .unwrap_or_else(|error| error.to_string());
    let temporary = env::temp_dir().join("t");
    let there = fs::write(&temporary, "t").is_ok();
    let pair = UnixStream::pair().and_then(|(mut a, mut b)| {
        a.write_all(b"p")?;
        let mut got = [0];
        b.read_exact(&mut got)?;
        Ok(got[0])
    });
    let started = std::time::Instant::now();
    thread::sleep(Duration::from_millis(2));
    let later =
        started.elapsed() >= Duration::from_millis(2) && std::time::SystemTime::now() > std::time::UNIX_EPOCH;
    let map: std::collections::HashMap<u8, u8> = (0..9).map(|n| (n, n)).collect();
    println!(
        "{} {sum} {received} {file} {there} {} {later} {} {} {}",
        text.trim(),
        pair.unwrap_or_default(),
        map.len(),
        env::var("TOLD").unwrap_or_default(),
        thread::available_parallelism().is_ok(),
    );
    eprintln!("to stderr");
}
