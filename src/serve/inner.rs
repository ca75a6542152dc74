//! The private socket between the guard and the server behind it.
//!
//! On Linux it has no address that a browser could reach; elsewhere it is a port of this machine.

use std::io::{self, Read, Write};
use std::time::Duration;

#[cfg(not(target_os = "linux"))]
use std::net::TcpStream as Stream;
#[cfg(target_os = "linux")]
use std::os::unix::net::UnixStream as Stream;

/// Where the server behind listens.
#[derive(Debug)]
pub(super) struct Inner {
    #[cfg(target_os = "linux")]
    address: std::os::unix::net::SocketAddr,
    #[cfg(not(target_os = "linux"))]
    address: std::net::SocketAddr,
}

impl Inner {
    /// Listens under a name that nobody guesses.
    #[cfg(target_os = "linux")]
    pub(super) fn listen(name: &str) -> io::Result<(Self, tiny_http::Listener)> {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::net::{SocketAddr, UnixListener};
        let address = SocketAddr::from_abstract_name(format!("proofbook-{name}"))?;
        let listener = UnixListener::bind_addr(&address)?;
        Ok((Self { address }, listener.into()))
    }

    /// Listens at a free port.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn listen(_name: &str) -> io::Result<(Self, tiny_http::Listener)> {
        let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        Ok((Self { address }, listener.into()))
    }

    /// Connects to the server behind.
    pub(super) fn connect(&self) -> io::Result<Connection> {
        #[cfg(target_os = "linux")]
        return Ok(Connection(Stream::connect_addr(&self.address)?));
        #[cfg(not(target_os = "linux"))]
        Ok(Connection(Stream::connect(self.address)?))
    }
}

/// A connection to the server behind.
pub(super) struct Connection(Stream);

impl Connection {
    /// Bounds every read.
    pub(super) fn set_read_timeout(&self, time: Duration) -> io::Result<()> {
        self.0.set_read_timeout(Some(time))
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
