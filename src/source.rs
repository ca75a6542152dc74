//! Source texts and places in them.
//!
//! Every file that a build reads is a [`Source`] in one [`Sources`] table. A [`Span`] is a byte
//! range of one source's *expanded* text; [`Sources::locate`] turns it into the file, line and
//! column that the author wrote. Lines and columns exist nowhere else but in reports.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Identifies one file of [`Sources`]; ids follow the order of the paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

impl FileId {
    /// Makes an id from a position in the table.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The position in the table.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A byte range of one file's expanded text, front matter included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Byte offset of the first byte.
    pub start: u32,
    /// Byte offset after the last byte; never less than `start`.
    pub end: u32,
}

impl Span {
    /// Makes a span from byte offsets.
    ///
    /// # Panics
    /// If an offset does not fit 32 bits; [`crate::load`] refuses such files.
    #[must_use]
    pub fn new(file: FileId, range: std::ops::Range<usize>) -> Self {
        let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            file,
            start: offset(range.start),
            end: offset(range.end.max(range.start)),
        }
    }

    /// The byte range.
    #[must_use]
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A stretch of expanded text that came from one place of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Byte offset in the expanded text.
    pub at: u32,
    /// The file the text was read from.
    pub file: FileId,
    /// Byte offset in that file's own text.
    pub offset: u32,
    /// Length in bytes, equal on both sides.
    pub len: u32,
}

/// One file: its bytes and, for UTF-8 files, its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its place in the table.
    pub id: FileId,
    /// Path from the site's root, `/` between names on every platform.
    pub path: String,
    /// The bytes on disk.
    pub bytes: Arc<[u8]>,
    /// The bytes as text; `None` where they are not UTF-8. A byte order mark is kept here and
    /// ignored by the parsers, so that offsets stay true.
    pub raw: Option<Arc<str>>,
    /// The text with includes expanded; the same as `raw` where there are none.
    pub text: Arc<str>,
    /// Where the expanded text came from, in order of `at`; empty where nothing was included.
    pub segments: Vec<Segment>,
}

impl Source {
    /// The file's name without folders.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// A place as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file that holds the place.
    pub file: FileId,
    /// Byte range in that file's own (unexpanded) text.
    pub range: std::ops::Range<usize>,
    /// 1-based line of the start.
    pub line: usize,
    /// 1-based column of the start, in characters.
    pub column: usize,
    /// 1-based line of the end.
    pub end_line: usize,
    /// 1-based column after the last character.
    pub end_column: usize,
}

/// All files of one build, in memory.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
    by_path: BTreeMap<String, FileId>,
}

impl Sources {
    /// Makes a table from `(path, bytes)` pairs; ids follow the order of the paths, and a path given
    /// twice keeps its last bytes.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let sorted: BTreeMap<String, Vec<u8>> = files.into_iter().collect();
        let mut sources = Self::default();
        for (path, bytes) in sorted {
            sources.push(path, bytes);
        }
        sources
    }

    /// Adds a file at the end of the table (included files are found late) and returns its id; the
    /// id of the file already there if the path is known.
    pub fn push(&mut self, path: String, bytes: Vec<u8>) -> FileId {
        if let Some(&id) = self.by_path.get(&path) {
            return id;
        }
        let id = FileId::new(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let raw: Option<Arc<str>> = std::str::from_utf8(&bytes).ok().map(Arc::from);
        self.by_path.insert(path.clone(), id);
        self.files.push(Source {
            id,
            path,
            bytes: bytes.into(),
            text: raw.clone().unwrap_or_else(|| Arc::from("")),
            raw,
            segments: Vec::new(),
        });
        id
    }

    /// Replaces the text of a file by its expansion.
    pub fn set_expanded(&mut self, id: FileId, text: String, segments: Vec<Segment>) {
        if let Some(file) = self.files.get_mut(id.index()) {
            file.text = text.into();
            file.segments = segments;
        }
    }

    /// The file of an id.
    ///
    /// # Panics
    /// If the id comes from another table.
    #[must_use]
    pub fn get(&self, id: FileId) -> &Source {
        &self.files[id.index()]
    }

    /// The file at a path from the root.
    #[must_use]
    pub fn by_path(&self, path: &str) -> Option<&Source> {
        self.by_path.get(path).map(|&id| self.get(id))
    }

    /// All files, in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// All files below a folder (`content` finds `content/a.md`), in order of their paths.
    pub fn under<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a Source> + use<'a> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{}/", folder.trim_end_matches('/'))
        };
        self.by_path
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(_, &id)| self.get(id))
    }

    /// Turns a span into the place that the author wrote, through includes.
    #[must_use]
    pub fn locate(&self, span: Span) -> Location {
        let (file, range) = self.origin(span);
        let text = self.get(file).raw.clone().unwrap_or_else(|| Arc::from(""));
        let index = LineIndex::new(&text);
        let (line, column) = index.line_column(&text, range.start);
        let (end_line, end_column) = index.line_column(&text, range.end);
        Location {
            file,
            range,
            line,
            column,
            end_line,
            end_column,
        }
    }

    fn origin(&self, span: Span) -> (FileId, std::ops::Range<usize>) {
        let source = self.get(span.file);
        let found = source
            .segments
            .partition_point(|segment| segment.at <= span.start)
            .checked_sub(1)
            .and_then(|at| source.segments.get(at));
        match found {
            None => (span.file, span.range()),
            Some(segment) => {
                let into = (span.start - segment.at).min(segment.len);
                let len = (span.end - span.start).min(segment.len - into);
                let start = (segment.offset + into) as usize;
                (segment.file, start..start + len as usize)
            }
        }
    }
}

/// Byte offsets of the line starts of one text.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Finds the line starts; `\n` ends a line.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { starts }
    }

    /// The 1-based line and the 1-based column in characters of a byte offset; an offset past the
    /// end or inside a character counts as the nearest place before it.
    #[must_use]
    pub fn line_column(&self, text: &str, offset: usize) -> (usize, usize) {
        let offset = text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        let start = self.starts[line - 1];
        (line, text[start..offset].chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        let sources = Sources::new([("a.md".into(), "é\nab\n".as_bytes().to_vec())]);
        let place = sources.locate(Span::new(FileId::new(0), 3..5));
        assert_eq!(
            (place.line, place.column, place.end_line, place.end_column),
            (2, 1, 2, 3)
        );
        let place = sources.locate(Span::new(FileId::new(0), 2..2));
        assert_eq!((place.line, place.column), (1, 2));
    }

    #[test]
    fn a_span_in_included_text_is_located_in_the_included_file() {
        let mut sources = Sources::new([
            ("a.md".into(), b"x {{#include b.md}} y".to_vec()),
            ("b.md".into(), b"one\ntwo".to_vec()),
        ]);
        let (a, b) = (FileId::new(0), FileId::new(1));
        let segment = |at, file, offset, len| Segment {
            at,
            file,
            offset,
            len,
        };
        sources.set_expanded(
            a,
            "x one\ntwo y".into(),
            vec![segment(0, a, 0, 2), segment(2, b, 0, 7), segment(9, a, 19, 2)],
        );
        let two = sources.locate(Span::new(a, 6..9));
        assert_eq!((two.file, two.line, two.column), (b, 2, 1));
        let y = sources.locate(Span::new(a, 10..11));
        assert_eq!((y.file, y.column), (a, 21));
    }

    #[test]
    fn under_lists_a_folder_and_not_its_namesakes() {
        let sources = Sources::new(
            ["content/a.md", "content-old/b.md", "content/c/d.md"].map(|path| (path.to_owned(), Vec::new())),
        );
        let paths: Vec<_> = sources.under("content").map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["content/a.md", "content/c/d.md"]);
    }
}
