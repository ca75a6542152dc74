//! What was observed of a snippet, as the memo keeps it: raw bytes, nothing normalised.

use serde::{Deserialize, Serialize};

use super::inputs::OutsideFile;
use crate::system::jail::Layer;
use crate::system::{Ending, RunOutput, Stream};

/// What a snippet did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Observation {
    /// The compiler's errors, where it refused the crate.
    pub(super) refusal: Option<Vec<RawDiagnostic>>,
    /// Whether a crate that should be refused compiled.
    pub(super) compiled_after_all: bool,
    /// The compiler's warnings.
    pub(super) warnings: Vec<RawDiagnostic>,
    /// The runs of the binaries, the default first.
    pub(super) runs: Vec<RawRun>,
    /// The runs of the test harnesses.
    pub(super) tests: Vec<RawRun>,
    /// The site's root when it was made, which may be elsewhere by now.
    pub(super) root: String,
    /// The private folders of its runs.
    pub(super) private: Vec<String>,
    /// The layers of the sandbox that were in force while it was compiled and run.
    pub(super) layers: Vec<Layer>,
    /// Files that it was built from and that its key does not cover.
    pub(super) outside: Vec<OutsideFile>,
}

/// A run as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RawRun {
    pub(super) name: String,
    pub(super) ending: Ending,
    #[serde(with = "as_base64")]
    pub(super) stdout: Vec<u8>,
    #[serde(with = "as_base64")]
    pub(super) stderr: Vec<u8>,
    /// In which order stretches of the two came.
    pub(super) order: Vec<(Stream, usize)>,
    /// The layers of the sandbox that were in force.
    pub(super) layers: Vec<Layer>,
}

/// A compiler message as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RawDiagnostic {
    pub(super) code: String,
    pub(super) level: String,
    pub(super) message: String,
    pub(super) rendered: String,
    pub(super) spans: Vec<RawSpan>,
}

/// A place of a compiler message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RawSpan {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
    pub(super) label: String,
    pub(super) primary: bool,
}

impl Observation {
    /// Whether it may be kept: a run that we or the system stopped may go otherwise next time.
    pub(super) fn is_lasting(&self) -> bool {
        self.runs
            .iter()
            .chain(&self.tests)
            .all(|run| matches!(run.ending, Ending::Exited(_)))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl RawRun {
    pub(super) fn of(output: RunOutput) -> Self {
        Self {
            name: String::new(),
            ending: output.ending,
            stdout: output.stdout,
            stderr: output.stderr,
            order: output.order,
            layers: output.layers,
        }
    }

    pub(super) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }
}

mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}
