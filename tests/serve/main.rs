//! The dev server through the real binary: raw requests, the channel of events, accepting outputs, and every way in which
//! files change under it.

#![expect(clippy::panic, reason = "a test says what is wrong by failing")]

mod edits;
mod http;
mod live;
mod process;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// More than anything here takes on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that runs.
struct Server {
    child: Child,
    port: u16,
    said: Arc<Mutex<String>>,
}

impl Server {
    fn start(root: &Path, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_proofbook"))
            .arg("--root")
            .arg(root)
            .args(["serve", "-p", "0"])
            .args(args)
            .env_remove("CI")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{error}"));
        let said = Arc::new(Mutex::new(String::new()));
        let stderr = child.stderr.take().unwrap_or_else(|| panic!("no stderr"));
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut heard = heard.lock().unwrap_or_else(|error| panic!("{error}"));
                heard.push_str(&line);
                heard.push('\n');
            }
        });
        let mut server = Self { child, port: 0, said };
        server.port = wait("the server listens", || {
            let said = server.said();
            let address = said.split("serving http://127.0.0.1:").nth(1)?;
            address.split('/').next()?.parse().ok()
        });
        server
    }

    fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(|error| panic!("{error}"));
        said.clone()
    }

    /// Sends bytes as they are, and gives everything that comes back.
    fn raw(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        // A server that refuses may close before it has read all.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    fn connect(&self) -> TcpStream {
        let stream =
            TcpStream::connect(("127.0.0.1", self.port)).unwrap_or_else(|error| panic!("connect: {error}"));
        stream
            .set_read_timeout(Some(PATIENCE))
            .unwrap_or_else(|error| panic!("{error}"));
        stream
    }

    fn request(&self, method: &str, target: &str, headers: &[&str], body: &str) -> Answer {
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", self.port);
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        request.push_str(body);
        Answer::parse(&self.raw(request.as_bytes()))
    }

    fn get(&self, target: &str) -> Answer {
        self.request("GET", target, &[], "")
    }

    /// Waits until a page holds a text, or does not hold it any more.
    fn shows(&self, target: &str, text: &str, wanted: bool) {
        wait(&format!("{target} shows {text:?}: {wanted}"), || {
            let answer = self.get(target);
            (answer.text().contains(text) == wanted).then_some(())
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer, taken apart.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|end| end == b"\r\n\r\n");
        let (head, body) = end.map_or((bytes, &[][..]), |end| (&bytes[..end], &bytes[end + 4..]));
        let head = String::from_utf8_lossy(head).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Self {
            status: status.unwrap_or_default(),
            body: body.to_vec(),
            head,
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as the built site has it.
    fn built(&self) -> Vec<u8> {
        let text = self.text();
        match (
            text.find("<script defer src=\"/.proofbook/live.js\""),
            text.find("></script>\n</head>"),
        ) {
            (Some(start), Some(end)) if start < end => {
                let mut body = text[..start].to_owned();
                body.push_str(&text[end + "></script>\n".len()..]);
                body.into_bytes()
            }
            _ => self.body.clone(),
        }
    }
}

/// The channel of events as a page has it.
struct Channel {
    lines: BufReader<TcpStream>,
}

impl Channel {
    fn open(server: &Server, page: &str) -> Self {
        let mut stream = server.connect();
        let request = format!(
            "GET /.proofbook/events?page={page} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept: text/event-stream\r\n\r\n",
            server.port
        );
        stream
            .write_all(request.as_bytes())
            .unwrap_or_else(|error| panic!("{error}"));
        let mut channel = Self {
            lines: BufReader::new(stream),
        };
        let head = channel.line();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        channel
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line);
        assert!(matches!(read, Ok(1..)), "the channel ended: {read:?}");
        line.trim_end().to_owned()
    }

    /// The next event of a name for which `wanted` holds.
    fn event(&mut self, name: &str, wanted: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let until = Instant::now() + PATIENCE;
        let mut current = String::new();
        while Instant::now() < until {
            let line = self.line();
            if let Some(event) = line.strip_prefix("event: ") {
                event.clone_into(&mut current);
            } else if let Some(data) = line.strip_prefix("data: ")
                && current == name
            {
                let data = serde_json::from_str(data).unwrap_or_else(|error| panic!("{data}: {error}"));
                if wanted(&data) {
                    return data;
                }
            }
        }
        panic!("no event {name} in time");
    }
}

fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap_or(root)).unwrap_or_else(|error| panic!("{error}"));
    fs::write(path, text).unwrap_or_else(|error| panic!("{error}"));
}

/// A guide with questions that end in a word.
fn guide(title: &str, word: &str) -> String {
    let id = title
        .to_lowercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let mut text = format!("# {title}\n\n## Basics\n\n");
    for number in 1..=3 {
        text.push_str(&format!(
            "### What is number {number}? {{#{id}-{number}}}\n\n**TL;DR:** Number {number} is {word}.\n\n"
        ));
    }
    text
}

/// A site without snippets.
fn plain_site() -> TempDir {
    let folder = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let root = folder.path();
    write(root, "book.toml", "[book]\ntitle = \"Plain\"\n");
    write(root, "content/first.md", &guide("First", "one"));
    write(root, "content/second.md", &guide("Second", "two"));
    folder
}
