//! What Linux tells of others: file systems of other machines, programs that hold a port.

use std::fs;
use std::path::Path;

/// Whether a folder lies on a file system whose changes by others inotify does not see; the numbers are those of
/// `statfs(2)`.
pub(super) fn is_remote(folder: &Path) -> bool {
    // NFS, SMB, CIFS, SMB2, FUSE, 9P, AFS, Ceph, Coda, NCP, VirtualBox's shared folders.
    const REMOTE: [u32; 11] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x6573_5546,
        0x0102_1997,
        0x5346_414f,
        0x00c3_6400,
        0x7375_7245,
        0x564c,
        0x786f_4256,
    ];
    rustix::fs::statfs(folder).is_ok_and(|found| REMOTE.contains(&(found.f_type as u32)))
}

/// The program that listens on a TCP port. Those of other users stay unknown.
pub(super) fn listener(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .find_map(|table| {
            let table = fs::read_to_string(table).ok()?;
            inode_of(&table, port)
        })?;
    let wanted = format!("socket:[{inode}]");
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(open) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let holds = open
            .flatten()
            .any(|file| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == wanted.as_str()));
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (pid {pid})", name.trim()));
        }
    }
    None
}

/// The inode of the socket that listens on a port, from a table of `proc(5)`.
fn inode_of(table: &str, port: u16) -> Option<u64> {
    const LISTENS: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let mut words = line.split_whitespace();
        let local = words.nth(1)?;
        let state = words.nth(1)?;
        let (_, found) = local.rsplit_once(':')?;
        let same = state == LISTENS && u16::from_str_radix(found, 16).ok()? == port;
        same.then(|| words.nth(5)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_leads_to_its_program() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let port = socket.local_addr().map_or(0, |address| address.port());
        let found = listener(port).unwrap_or_default();
        assert!(
            found.ends_with(&format!("(pid {})", std::process::id())),
            "{found}"
        );
        assert!(!is_remote(Path::new("/proc")));
    }
}
