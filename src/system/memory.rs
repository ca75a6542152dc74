//! A file system in memory, for tests.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Command, Entry, FileKind, Layers, RunOutput, System};

type Runner = Box<dyn Fn(&Command) -> io::Result<RunOutput> + Send + Sync>;

/// Files in memory, environment variables, and a function that stands for every program.
#[derive(Default)]
pub struct MemorySystem {
    files: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
    env: Vec<(String, String)>,
    runner: Option<Runner>,
}

impl std::fmt::Debug for MemorySystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemorySystem")
            .field("files", &self.paths())
            .finish_non_exhaustive()
    }
}

impl MemorySystem {
    /// A file system with the given files.
    #[must_use]
    pub fn new<P: Into<PathBuf>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let files = files
            .into_iter()
            .map(|(path, bytes)| (path.into(), bytes.into()))
            .collect();
        Self {
            files: Mutex::new(files),
            ..Self::default()
        }
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the function that stands for every program.
    #[must_use]
    pub fn with_runner(
        mut self,
        runner: impl Fn(&Command) -> io::Result<RunOutput> + Send + Sync + 'static,
    ) -> Self {
        self.runner = Some(Box::new(runner));
        self
    }

    /// The paths of all files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.lock_files().keys().cloned().collect()
    }

    fn lock_files(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_found(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{} not found", path.display()))
}

impl System for MemorySystem {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.lock_files()
            .get(path)
            .cloned()
            .ok_or_else(|| not_found(path))
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        self.read(path).map(|bytes| bytes.len() as u64)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let files = self.lock_files();
        if files.contains_key(path) {
            Some(FileKind::File)
        } else if files.keys().any(|file| file.starts_with(path)) {
            Some(FileKind::Folder)
        } else {
            None
        }
    }

    fn walk(&self, folder: &Path, skip: &dyn Fn(&Path) -> bool) -> io::Result<Vec<Entry>> {
        let mut found = BTreeMap::new();
        for file in self
            .lock_files()
            .keys()
            .filter(|file| file.starts_with(folder) && *file != folder)
        {
            let mut folders: Vec<&Path> = file
                .ancestors()
                .skip(1)
                .take_while(|ancestor| ancestor.starts_with(folder) && *ancestor != folder)
                .collect();
            folders.reverse();
            if folders.iter().any(|folder| skip(folder)) {
                continue;
            }
            for folder in folders {
                found.insert(folder.to_owned(), FileKind::Folder);
            }
            found.insert(file.clone(), FileKind::File);
        }
        Ok(found
            .into_iter()
            .map(|(path, kind)| Entry { path, kind })
            .collect())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.lock_files().insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = self.read(from)?;
        self.write(to, &bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.lock_files();
        let moved: Vec<PathBuf> = files
            .keys()
            .filter(|path| path.starts_with(from))
            .cloned()
            .collect();
        if moved.is_empty() {
            return Err(not_found(from));
        }
        for path in moved {
            if let Some(bytes) = files.remove(&path) {
                let below = path.strip_prefix(from).unwrap_or(Path::new(""));
                let target = if below.as_os_str().is_empty() {
                    to.to_owned()
                } else {
                    to.join(below)
                };
                files.insert(target, bytes);
            }
        }
        Ok(())
    }

    fn exchange(&self, a: &Path, b: &Path) -> io::Result<()> {
        let aside = Path::new("/\u{0}exchange");
        self.rename(a, aside)?;
        self.rename(b, a)?;
        self.rename(aside, b)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.lock_files()
            .remove(path)
            .map(|_| ())
            .ok_or_else(|| not_found(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        if self.kind(path).is_some() {
            return Err(io::Error::from(io::ErrorKind::DirectoryNotEmpty));
        }
        Ok(())
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.lock_files().retain(|file, _| !file.starts_with(path));
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        Ok(Some(Box::new(())))
    }

    fn layers(&self, _: &Path) -> io::Result<Layers> {
        Ok(Layers::default())
    }

    fn run(&self, command: &Command) -> io::Result<RunOutput> {
        match &self.runner {
            Some(runner) => runner(command),
            None => Err(not_found(&command.program)),
        }
    }

    fn stamp(&self, path: &Path) -> Option<(u128, u64)> {
        Some((0, self.read(path).ok()?.len() as u64))
    }

    fn process_id(&self) -> u32 {
        1
    }

    fn env_vars(&self) -> Vec<(String, String)> {
        self.env.clone()
    }
}
