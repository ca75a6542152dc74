//! Bytes of the index: the stream that the reader reads, and the script that carries it.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Digits of the content hash in a shard's name, as bytes.
pub(crate) const HASH_BYTES: usize = 3;

/// A stream of numbers and words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stream {
    bytes: Vec<u8>,
    previous: String,
}

impl Stream {
    /// Writes a number: 7 bits a byte, the lowest first, the high bit set on all but the last.
    pub(crate) fn number(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Writes bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a text with its length in bytes.
    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len());
        self.raw(text.as_bytes());
    }

    /// Writes a word: how many UTF-16 units it shares with the last one, then its rest.
    pub(crate) fn word(&mut self, word: &str) {
        let same = word
            .chars()
            .zip(self.previous.chars())
            .take_while(|(a, b)| a == b);
        let (units, bytes) = same.fold((0, 0), |(units, bytes), (c, _)| {
            (units + c.len_utf16(), bytes + c.len_utf8())
        });
        self.number(units);
        self.text(&word[bytes..]);
        word.clone_into(&mut self.previous);
    }

    /// The bytes.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// One file of the index before it is packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Its name below `search/`, without extension: `b/12-0a1b2c`.
    pub(crate) name: String,
    /// The hash that its name carries.
    pub(crate) hash: [u8; HASH_BYTES],
    /// The content.
    pub(crate) bytes: Vec<u8>,
}

impl Shard {
    /// Names a shard by its place (`b/12`) and content.
    pub(crate) fn new(place: &str, bytes: Vec<u8>) -> Self {
        let full = blake3::hash(&bytes);
        let [a, b, c, ..] = *full.as_bytes();
        Self {
            name: format!("{place}-{a:02x}{b:02x}{c:02x}"),
            hash: [a, b, c],
            bytes,
        }
    }

    /// The script: one call with the base64 of the gzip of the content.
    pub(crate) fn script(&self) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory cannot fail; an empty script would be reported by the reader.
        let packed = gzip
            .write_all(&self.bytes)
            .and_then(|()| gzip.finish())
            .unwrap_or_default();
        format!(
            "proofbookShard(\"{}\",\"{}\")\n",
            self.name,
            STANDARD.encode(packed)
        )
        .into_bytes()
    }
}
