//! Results kept by the hash of everything they were made from.
//!
//! Two kinds of table: typed ones in memory, which live as long as the [`Memo`] (one build, or a
//! whole `serve` session), and byte ones that are also kept on disk between builds. A disk table is one
//! file, read whole when first asked for and written whole when [`Memo::save`] finds it changed; each
//! entry carries its length and hash, so that a truncated or flipped entry is only recomputed.
//!
//! What goes into which key is listed in `ARCHITECTURE.md`.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::system::System;

/// A 256-bit BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Hashes bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Starts a hash of several fields.
    #[must_use]
    pub fn fields() -> FieldHasher {
        FieldHasher(blake3::Hasher::new())
    }

    /// All 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// The hash of 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(digits: &str) -> Option<Self> {
        Some(Self(*blake3::Hash::from_hex(digits).ok()?.as_bytes()))
    }

    /// The first 8 hexadecimal digits, for people and file names.
    #[must_use]
    pub fn short(&self) -> String {
        self.hex()[..8].to_owned()
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

/// Hashes fields with their lengths, so that `("ab", "c")` and `("a", "bc")` differ.
#[derive(Debug)]
pub struct FieldHasher(blake3::Hasher);

impl FieldHasher {
    /// Adds a field.
    #[must_use]
    pub fn field(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.add(bytes);
        self
    }

    /// Adds a field in place.
    pub fn add(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// The hash.
    #[must_use]
    pub fn finish(&self) -> ContentHash {
        ContentHash(*self.0.finalize().as_bytes())
    }
}

type Entry = Arc<dyn Any + Send + Sync>;

/// Values by table and key, with the build that used them last.
type Typed = HashMap<(&'static str, ContentHash), (Entry, u64)>;

/// The results of earlier work.
#[derive(Default)]
pub struct Memo {
    typed: Mutex<Typed>,
    disk: Mutex<BTreeMap<&'static str, DiskTable>>,
    folder: Option<PathBuf>,
    generation: Mutex<u64>,
}

#[derive(Default)]
struct DiskTable {
    entries: BTreeMap<ContentHash, Arc<[u8]>>,
    used: std::collections::BTreeSet<ContentHash>,
    changed: bool,
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const MAGIC: &[u8] = b"proofbook-memo-1\n";

impl Memo {
    /// A memo without a place on disk.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// A memo that keeps its byte tables in a folder, which need not exist yet.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Some(folder.into()),
            ..Self::default()
        }
    }

    /// The value of a key, made now if it is not known.
    pub fn cached<V: Any + Send + Sync>(
        &self,
        table: &'static str,
        key: ContentHash,
        make: impl FnOnce() -> V,
    ) -> Arc<V> {
        let generation = *lock(&self.generation);
        if let Some((entry, used)) = lock(&self.typed).get_mut(&(table, key)) {
            *used = generation;
            if let Ok(value) = Arc::clone(entry).downcast::<V>() {
                return value;
            }
        }
        let value = Arc::new(make());
        lock(&self.typed).insert((table, key), (Arc::clone(&value) as Entry, generation));
        value
    }

    /// The bytes of a key in a disk table.
    pub fn bytes(&self, sys: &dyn System, table: &'static str, key: ContentHash) -> Option<Arc<[u8]>> {
        self.with_table(sys, table, |table| {
            let found = table.entries.get(&key).cloned();
            if found.is_some() {
                table.used.insert(key);
            }
            found
        })
    }

    /// Keeps bytes under a key of a disk table.
    pub fn store_bytes(&self, sys: &dyn System, table: &'static str, key: ContentHash, bytes: &[u8]) {
        self.with_table(sys, table, |table| {
            table.entries.insert(key, bytes.into());
            table.used.insert(key);
            table.changed = true;
        });
    }

    fn with_table<T>(
        &self,
        sys: &dyn System,
        name: &'static str,
        act: impl FnOnce(&mut DiskTable) -> T,
    ) -> T {
        let mut disk = lock(&self.disk);
        let table = disk.entry(name).or_insert_with(|| {
            let file = self.folder.as_deref().map(|folder| table_file(folder, name));
            let bytes = file.and_then(|file| sys.read(&file).ok()).unwrap_or_default();
            DiskTable {
                entries: decode(&bytes),
                ..DiskTable::default()
            }
        });
        act(table)
    }

    /// Ends a build: forgets typed values that the last two builds did not use, and writes the disk
    /// tables that changed. Of those only entries used since the last save are kept once more than
    /// `KEEP` others have gathered.
    ///
    /// # Errors
    /// If a table cannot be written; the results are then recomputed next time.
    pub fn save(&self, sys: &dyn System) -> std::io::Result<()> {
        const KEEP: usize = 4096;
        let mut generation = lock(&self.generation);
        *generation += 1;
        let oldest = generation.saturating_sub(2);
        lock(&self.typed).retain(|_, (_, used)| *used >= oldest);
        drop(generation);
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        for (name, table) in lock(&self.disk).iter_mut() {
            if table.entries.len() > table.used.len() + KEEP {
                let used = &table.used;
                table.entries.retain(|key, _| used.contains(key));
                table.changed = true;
            }
            if table.changed {
                sys.create_dir_all(folder)?;
                let file = table_file(folder, name);
                // Another process, say `serve` beside `test`, may have added entries since we read the table.
                let theirs = decode(&sys.read(&file).unwrap_or_default());
                if theirs.len() <= table.used.len() + KEEP {
                    for (key, bytes) in theirs {
                        table.entries.entry(key).or_insert(bytes);
                    }
                }
                let fresh = file.with_extension(format!("{}.new", sys.process_id()));
                sys.write(&fresh, &encode(&table.entries))?;
                sys.rename(&fresh, &file)?;
                table.changed = false;
            }
        }
        Ok(())
    }
}

fn table_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.memo"))
}

fn encode(entries: &BTreeMap<ContentHash, Arc<[u8]>>) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for (key, bytes) in entries {
        out.extend_from_slice(&key.0);
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(&ContentHash::of(bytes).0[..8]);
        out.extend_from_slice(bytes);
    }
    out
}

/// Reads a table; damaged entries and everything after a truncation are left out.
fn decode(bytes: &[u8]) -> BTreeMap<ContentHash, Arc<[u8]>> {
    let mut entries = BTreeMap::new();
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        return entries;
    };
    while let Some((key, after)) = rest.split_first_chunk::<32>()
        && let Some((len, after)) = after.split_first_chunk::<8>()
        && let Some((check, after)) = after.split_first_chunk::<8>()
        && let Ok(len) = usize::try_from(u64::from_le_bytes(*len))
        && let Some((value, after)) = after.split_at_checked(len)
    {
        if ContentHash::of(value).0[..8] == *check {
            entries.insert(ContentHash(*key), value.into());
        }
        rest = after;
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    fn key(text: &str) -> ContentHash {
        ContentHash::of(text.as_bytes())
    }

    #[test]
    fn bytes_survive_in_the_folder_and_damage_costs_only_the_damaged_entry() {
        let sys = MemorySystem::default();
        let memo = Memo::in_folder("/memo");
        memo.store_bytes(&sys, "run", key("a"), b"first");
        memo.store_bytes(&sys, "run", key("b"), b"second");
        memo.save(&sys).unwrap_or_else(|error| panic!("{error}"));

        let again = Memo::in_folder("/memo");
        assert_eq!(again.bytes(&sys, "run", key("a")).as_deref(), Some(&b"first"[..]));

        let file = Path::new("/memo/run.memo");
        let mut bytes = sys.read(file).unwrap_or_default();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        sys.write(file, &bytes).unwrap_or_else(|error| panic!("{error}"));
        let damaged = Memo::in_folder("/memo");
        let found = ["a", "b"].map(|name| damaged.bytes(&sys, "run", key(name)).is_some());
        assert_eq!(found.iter().filter(|&&found| found).count(), 1);
    }

    #[test]
    fn two_processes_keep_the_results_of_both() {
        let sys = MemorySystem::default();
        let (one, two) = (Memo::in_folder("/memo"), Memo::in_folder("/memo"));
        for (memo, name) in [(&one, "a"), (&two, "b")] {
            assert!(memo.bytes(&sys, "run", key(name)).is_none());
            memo.store_bytes(&sys, "run", key(name), b"x");
        }
        for memo in [&one, &two] {
            memo.save(&sys).unwrap_or_else(|error| panic!("{error}"));
        }
        let again = Memo::in_folder("/memo");
        for name in ["a", "b"] {
            assert!(again.bytes(&sys, "run", key(name)).is_some(), "{name} is gone");
        }
    }

    #[test]
    fn a_truncated_table_keeps_its_whole_entries() {
        let entries = BTreeMap::from([
            (key("a"), Arc::from(&b"first"[..])),
            (key("b"), Arc::from(&b"second"[..])),
        ]);
        let bytes = encode(&entries);
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).len() < 2, "cut at {cut}");
        }
        assert_eq!(decode(&bytes), entries);
    }

    #[test]
    fn fields_are_kept_apart() {
        let hash = |a: &str, b: &str| ContentHash::fields().field(a).field(b).finish();
        assert_ne!(hash("ab", "c"), hash("a", "bc"));
    }

    #[test]
    fn a_typed_value_is_made_once() {
        let memo = Memo::in_memory();
        let mut made = 0;
        for _ in 0..3 {
            let value = memo.cached("parse", key("x"), || {
                made += 1;
                42_u32
            });
            assert_eq!(*value, 42);
        }
        assert_eq!(made, 1);
    }
}
