//! What was observed against what was promised and reviewed. The only place where a [`VerifiedOutput`] is made.

use super::Work;
use super::compare::{diff, matches, shown};
use super::inputs::OutsideFile;
use super::normalize::{Normalizer, test_lines};
use super::observe::{Observation, RawDiagnostic, RawRun};
use super::report::Reporter;
use crate::diagnostic::{Diagnostic, Staged, codes};
use crate::memo::ContentHash;
use crate::model::snippet::{
    RefusalProof, RunProof, RustcDiagnostic, RustcSpan, SnippetCrate, SnippetKind, SnippetProof, Status,
    TestProof, VerifiedOutput,
};
use crate::system::{Ending, Stream};

/// Exit code of a Rust program that panicked (std documentation of `process::exit` and of panics).
const PANIC: i32 = 101;

/// Numbers of signals (signal(7)): abort, a file beyond `RLIMIT_FSIZE`, time beyond `RLIMIT_CPU`.
const ABORT: i32 = 6;
const FILE_SIZE: i32 = 25;
const CPU_TIME: i32 = 24;

/// A number of bytes as people read it.
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, one) in UNITS {
        if bytes >= one {
            let tenths = bytes.saturating_mul(10) / one;
            return if tenths.is_multiple_of(10) {
                format!("{} {unit}", tenths / 10)
            } else {
                format!("{}.{} {unit}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{bytes} bytes")
}

struct Verifier<'a> {
    work: &'a Work<'a>,
    found: &'a SnippetCrate,
    reporter: &'a Reporter<'a>,
    normalizer: Normalizer,
    diagnostics: Vec<Diagnostic>,
    /// Everything that was observed, normalised.
    seen: String,
    /// An inline block's output that was accepted.
    blessed: Option<String>,
    /// Differences that may be accepted.
    differences: Vec<String>,
}

/// Fills in a proof; it is verified if nothing is wrong.
pub(super) fn verify(
    work: &Work<'_>,
    found: &SnippetCrate,
    observation: &Observation,
    reporter: &Reporter<'_>,
    proof: &mut SnippetProof,
) -> Staged<Option<String>> {
    let mut verifier = Verifier {
        work,
        found,
        reporter,
        normalizer: Normalizer::new(work, found, observation),
        diagnostics: Vec::new(),
        seen: String::new(),
        blessed: None,
        differences: Vec::new(),
    };
    proof.outside = observation.outside.iter().map(OutsideFile::pair).collect();
    proof.warnings = verifier.rustc(&observation.warnings);
    proof.sandbox = observation.layers.iter().map(ToString::to_string).collect();
    if found.meta.kinds == [SnippetKind::CompileFail] {
        proof.refusal = verifier.refusal(observation);
    } else {
        proof.runs = verifier.runs(&observation.runs);
        if found.meta.kinds.contains(&SnippetKind::Test) {
            proof.tests = verifier.tests(&observation.tests);
        }
    }
    proof.observed_hash = Some(ContentHash::of(verifier.seen.as_bytes()));
    if let Some(first) = verifier.diagnostics.first() {
        // What was not verified is not shown.
        proof.failure = Some(first.code.as_str());
        proof.runs.clear();
        proof.tests = None;
        proof.refusal = None;
        // Accepting outputs mends nothing else.
        if verifier.differences.len() == verifier.diagnostics.len() {
            proof.differences = std::mem::take(&mut verifier.differences);
        }
    } else {
        proof.status = Status::Verified;
    }
    Staged::new(verifier.blessed, verifier.diagnostics)
}

/// The diagnostic for two runs that differ after normalising, if they do.
pub(super) fn not_repeatable(
    work: &Work<'_>,
    found: &SnippetCrate,
    first: &Observation,
    second: &Observation,
    reporter: &Reporter<'_>,
) -> Option<Diagnostic> {
    let normalizer = Normalizer::new(work, found, first);
    let unordered = found.meta.unordered;
    let text = |bytes: &[u8]| {
        let text = normalizer.text(bytes);
        if unordered { sorted(&text) } else { text }
    };
    for (a, b) in first.runs.iter().zip(&second.runs) {
        let bin = &a.name;
        for (name, a, b) in [("stdout", &a.stdout, &b.stdout), ("stderr", &a.stderr, &b.stderr)] {
            let (a, b) = (text(a), text(b));
            let masked = found
                .expected_text(&expected_name(found, bin, name), work.sources)
                .is_some_and(|expected| matches(expected, &a, unordered) && matches(expected, &b, unordered));
            if a != b && !masked {
                return Some(
                    reporter
                        .about(
                            found,
                            codes::SNIPPET_NOT_REPEATABLE,
                            format!("two runs of `{}` differ in their {name}", found.slug),
                        )
                        .detail(diff(&a, &b, ("first run", "second run")))
                        .help(
                            "take out what changes (time, random numbers, `HashMap` order, threads), or cover it with \
                             `[..]`, `redactions` or `unordered`",
                        ),
                );
            }
        }
        if a.ending != b.ending {
            return Some(reporter.about(
                found,
                codes::SNIPPET_NOT_REPEATABLE,
                format!(
                    "two runs of `{}` end differently: {:?}, then {:?}",
                    found.slug, a.ending, b.ending
                ),
            ));
        }
    }
    let lines = |runs: &[RawRun]| -> Vec<String> {
        runs.iter()
            .flat_map(|run| test_lines(&normalizer.text(&run.stdout)))
            .collect()
    };
    let (a, b) = (lines(&first.tests).join("\n"), lines(&second.tests).join("\n"));
    (a != b).then(|| {
        reporter
            .about(
                found,
                codes::SNIPPET_NOT_REPEATABLE,
                format!("two runs of the tests of `{}` differ", found.slug),
            )
            .detail(diff(&a, &b, ("first run", "second run")))
    })
}

fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// `expected.stdout`, or `expected.<bin>.stdout` where there are several.
pub(super) fn expected_name(found: &SnippetCrate, bin: &str, stream: &str) -> String {
    if found.bins.len() > 1 {
        format!("expected.{bin}.{stream}")
    } else {
        format!("expected.{stream}")
    }
}

impl Verifier<'_> {
    fn kinds(&self, kind: SnippetKind) -> bool {
        self.found.meta.kinds.contains(&kind)
    }

    fn runs(&mut self, runs: &[RawRun]) -> Vec<RunProof> {
        let mut proofs = Vec::new();
        for (index, run) in runs.iter().enumerate() {
            let stdout = self.normalizer.text(&run.stdout);
            let stderr = self.normalizer.text(&run.stderr);
            self.note(&stdout);
            self.note(&stderr);
            let styled = [&run.stdout, &run.stderr].map(|bytes| self.normalizer.styled(bytes));
            // With both kinds the first binary runs and the others panic.
            let panics = self.kinds(SnippetKind::Panic) && (index > 0 || !self.kinds(SnippetKind::Run));
            if !self.ending(run, &stderr, panics) {
                continue;
            }
            let name = |stream| expected_name(self.found, &run.name, stream);
            let (out_name, err_name) = (name("stdout"), name("stderr"));
            let stdout = self.compare(&out_name, &stdout, &styled[0], true);
            let wanted = panics || !stderr.trim().is_empty();
            let stderr = self.compare(&err_name, &stderr, &styled[1], wanted);
            if let (Some(stdout), Some(stderr), Ending::Exited(exit_code)) = (stdout, stderr, run.ending) {
                proofs.push(RunProof {
                    bin: run.name.clone(),
                    exit_code,
                    stdout,
                    stderr,
                });
            }
        }
        proofs
    }

    fn note(&mut self, text: &str) {
        self.seen.push_str(text);
        self.seen.push('\0');
    }

    fn say(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Checks how a run ended; the outputs of one that ended otherwise are not compared.
    fn ending(&mut self, run: &RawRun, stderr: &str, panics: bool) -> bool {
        let found = self.found;
        let slug = &found.slug;
        let config = self.work.request.config;
        let limit = found.meta.timeout.unwrap_or(config.timeout);
        let expected = if panics { PANIC } else { found.meta.exit_code };
        let diagnostic = match run.ending {
            Ending::Exited(code) if code == expected => {
                if !panics || stderr.contains("panicked at") {
                    return true;
                }
                self.reporter.about(
                    found,
                    codes::SNIPPET_EXIT_CODE,
                    format!("`{slug}` ends with {PANIC} and does not panic"),
                )
            }
            Ending::Exited(code) => self
                .reporter
                .about(
                    found,
                    codes::SNIPPET_EXIT_CODE,
                    format!("`{slug}` ends with exit code {code}, not {expected}"),
                )
                .help(if panics {
                    "a snippet of kind `panic` must panic".to_owned()
                } else {
                    format!("mend it, or say `exit-code = {code}` in its metadata")
                }),
            Ending::Signaled(signal) => self.signaled(signal, stderr),
            Ending::TimedOut => self
                .reporter
                .about(
                    found,
                    codes::SNIPPET_TIMEOUT,
                    format!("`{slug}` was stopped after {} s", limit.as_secs_f64()),
                )
                .help("make it shorter, or raise `timeout` in its metadata"),
            Ending::OutputLimit => self
                .reporter
                .about(
                    found,
                    codes::SNIPPET_OUTPUT_LIMIT,
                    format!(
                        "`{slug}` was stopped: it wrote more than {}",
                        size(config.max_output as u64)
                    ),
                )
                .help("print less, or raise `max-output` in `[snippets]`"),
            Ending::MemoryLimit(bytes) => self
                .reporter
                .about(
                    found,
                    codes::SNIPPET_MEMORY_LIMIT,
                    format!("`{slug}` was stopped: it used {} of memory", size(bytes)),
                )
                .help(format!(
                    "it may use {}; use less, or raise `memory` in its metadata",
                    size(found.meta.memory.unwrap_or(config.memory))
                )),
            Ending::ProcessLimit(count) => self
                .reporter
                .about(
                    found,
                    codes::SNIPPET_PROCESS_LIMIT,
                    format!("`{slug}` was stopped: it ran {count} processes"),
                )
                .help(format!(
                    "it may run {}; start fewer, or raise `max-processes` in its metadata",
                    found.meta.max_processes.unwrap_or(config.max_processes)
                )),
            Ending::FileLimit(count) => self
                .reporter
                .about(
                    found,
                    codes::SNIPPET_FILE_LIMIT,
                    format!("`{slug}` was stopped: it made {count} files"),
                )
                .help(format!(
                    "it may make {}; make fewer, or raise `max-files` in `[snippets]`",
                    config.max_files
                )),
            Ending::DiskLimit(bytes) => self.disk_limit(&format!("it wrote {} of files", size(bytes))),
        };
        let kept = self.in_order(run);
        let diagnostic = if kept.is_empty() {
            diagnostic
        } else {
            diagnostic.detail(kept)
        };
        self.say(diagnostic);
        false
    }

    fn disk_limit(&self, what: &str) -> Diagnostic {
        self.reporter
            .about(
                self.found,
                codes::SNIPPET_DISK_LIMIT,
                format!("`{}` was stopped: {what}", self.found.slug),
            )
            .help(format!(
                "it may write {}; write less, or raise `max-disk` in `[snippets]`",
                size(self.work.request.config.max_disk)
            ))
    }

    /// A run that a signal ended: of some it is known who sent them and why.
    fn signaled(&self, signal: i32, stderr: &str) -> Diagnostic {
        let slug = &self.found.slug;
        let config = self.work.request.config;
        let memory = self.found.meta.memory.unwrap_or(config.memory);
        match signal {
            // The allocator's words before it aborts (std documentation of `handle_alloc_error`).
            ABORT if stderr.contains("memory allocation of ") => self
                .reporter
                .about(
                    self.found,
                    codes::SNIPPET_MEMORY_LIMIT,
                    format!(
                        "`{slug}` asked for more memory than the {} it may use",
                        size(memory)
                    ),
                )
                .help("use less, or raise `memory` in its metadata"),
            FILE_SIZE => self.disk_limit("it wrote a file that is too long"),
            CPU_TIME => self.reporter.about(
                self.found,
                codes::SNIPPET_TIMEOUT,
                format!("`{slug}` was stopped: it used all its processor time"),
            ),
            _ if stderr.contains("has overflowed its stack") => self.reporter.about(
                self.found,
                codes::SNIPPET_CRASHED,
                format!("`{slug}` overflowed its stack"),
            ),
            _ => self.reporter.about(
                self.found,
                codes::SNIPPET_CRASHED,
                format!("signal {signal} ended `{slug}`"),
            ),
        }
    }

    /// What a run wrote to both streams, in order of arrival, shortened.
    fn in_order(&self, run: &RawRun) -> String {
        const MOST: usize = 4000;
        let (mut out, mut err) = (run.stdout.as_slice(), run.stderr.as_slice());
        let mut text = String::new();
        let both = !out.is_empty() && !err.is_empty();
        for (stream, len) in &run.order {
            let (name, rest) = match stream {
                Stream::Out => ("stdout", &mut out),
                Stream::Err => ("stderr", &mut err),
            };
            let (part, after) = rest.split_at((*len).min(rest.len()));
            *rest = after;
            if both || name == "stderr" || text.is_empty() {
                text.push_str(&format!("{name}:\n"));
            }
            text.push_str(&self.normalizer.text(part));
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
        if text.chars().count() > MOST {
            let short: String = text.chars().take(MOST).collect();
            let rest = text.len() - short.len();
            return format!("{short}\n… and {rest} more bytes");
        }
        text
    }

    /// Compares a text with its expected file, or accepts it where that was asked for. `wanted` says whether there
    /// must be a file at all. Colours count only where the expected file has some.
    fn compare(&mut self, name: &str, plain: &str, styled: &str, wanted: bool) -> Option<VerifiedOutput> {
        let found = self.found;
        let expected = found.expected_text(name, self.work.sources).map(str::to_owned);
        // What an inline block writes to standard error has no place in the text.
        if found.inline.is_some()
            && name == "expected.stderr"
            && found.meta.kinds != [SnippetKind::CompileFail]
        {
            return Some(VerifiedOutput::proven(String::new()));
        }
        // A block that writes nothing needs no block after it, and one that is refused only its codes.
        if found.inline.is_some()
            && expected.is_none()
            && (plain.trim().is_empty() || name == "expected.stderr")
            && !self.work.request.bless
        {
            return Some(VerifiedOutput::proven(String::new()));
        }
        let unordered = found.meta.unordered;
        let colours = expected
            .as_ref()
            .map_or(styled != plain, |text| text.contains('\x1b'));
        let observed = if colours { styled } else { plain };
        let holds = |expected: &str| {
            matches(expected, observed, unordered)
                // A file that was reviewed before a rule of the normaliser came is still right.
                || matches(
                    &if colours {
                        self.normalizer.styled(expected.as_bytes())
                    } else {
                        self.normalizer.text(expected.as_bytes())
                    },
                    observed,
                    unordered,
                )
        };
        match expected {
            Some(expected) if wanted && holds(&expected) => Some(VerifiedOutput::proven(shown(&expected))),
            None if !wanted => Some(VerifiedOutput::proven(String::new())),
            _ if self.work.request.bless => self.bless(name, observed, wanted),
            Some(expected) => {
                let path = if found.inline.is_some() {
                    "the block `output`".to_owned()
                } else {
                    format!("{}/{name}", found.folder)
                };
                let what = if wanted {
                    format!(
                        "`{}` does not print what {} says",
                        found.slug,
                        if found.inline.is_some() {
                            "the block after it".to_owned()
                        } else {
                            format!("`{name}`")
                        }
                    )
                } else {
                    format!(
                        "`{}` writes nothing there, and `{name}` says it should",
                        found.slug
                    )
                };
                let difference = diff(&expected, observed, (&path, "this build"));
                let diagnostic = self
                    .reporter
                    .about(found, codes::SNIPPET_MISMATCH, what)
                    .detail(format!(
                        "{difference}\n\nreproduce it{}: {}",
                        if found.inline.is_some() {
                            String::new()
                        } else {
                            format!(" in `{}`", self.work.request.config.dir)
                        },
                        super::report::command(found, &self.work.request.config.profile)
                    ))
                    .help(format!(
                        "if the new output is right: proofbook test {} --bless",
                        found.slug
                    ));
                self.differences.push(difference);
                self.say(diagnostic);
                None
            }
            None => {
                let difference = diff("", observed, ("/dev/null", "this build"));
                let diagnostic = self
                    .reporter
                    .about(
                        found,
                        codes::SNIPPET_MISSING_EXPECTED,
                        if found.inline.is_some() {
                            "no block `output` stands after this one".to_owned()
                        } else {
                            format!("`{}/{name}` is not there", found.folder)
                        },
                    )
                    .detail(difference.clone())
                    .help(format!(
                        "if this output is right: proofbook test {} --bless",
                        found.slug
                    ));
                self.differences.push(difference);
                self.say(diagnostic);
                None
            }
        }
    }

    fn bless(&mut self, name: &str, observed: &str, wanted: bool) -> Option<VerifiedOutput> {
        if self.found.inline.is_some() {
            if observed.trim().is_empty() && self.found.expected_text(name, self.work.sources).is_none() {
                return Some(VerifiedOutput::proven(String::new()));
            }
            self.blessed = Some(observed.to_owned());
            return Some(VerifiedOutput::proven(shown(observed)));
        }
        let path = self.work.request.root.join(&self.found.folder).join(name);
        let done = if wanted {
            self.work.sys.write(&path, observed.as_bytes())
        } else {
            self.work.sys.remove_file(&path)
        };
        match done {
            Ok(()) => Some(VerifiedOutput::proven(if wanted {
                shown(observed)
            } else {
                String::new()
            })),
            Err(error) => {
                let diagnostic = self.reporter.about(
                    self.found,
                    codes::SNIPPET_MISSING_EXPECTED,
                    format!("failed to write `{}`: {error}", path.display()),
                );
                self.say(diagnostic);
                None
            }
        }
    }

    fn tests(&mut self, runs: &[RawRun]) -> Option<TestProof> {
        let mut lines = Vec::new();
        for run in runs {
            let output = self.normalizer.text(&run.stdout);
            lines.extend(test_lines(&output));
            if run.ending != Ending::Exited(0) {
                let failed: Vec<&str> = output
                    .lines()
                    .filter(|line| line.starts_with("test ") && line.ends_with("FAILED"))
                    .collect();
                let diagnostic = self
                    .reporter
                    .about(
                        self.found,
                        codes::SNIPPET_EXIT_CODE,
                        format!("tests of `{}` fail: {}", self.found.slug, failed.len()),
                    )
                    .detail(output.trim().to_owned())
                    .help(format!(
                        "reproduce it in `{}`: cargo test -p {}",
                        self.work.request.config.dir, self.found.package
                    ));
                self.say(diagnostic);
                return None;
            }
        }
        lines.sort();
        let passed = lines.iter().filter(|line| line.ends_with("... ok")).count();
        let mut text = lines.join("\n");
        text.push('\n');
        self.note(&text);
        // Beside a run the harness has no expected file of its own: that it passes is all that is promised.
        let output = if self.found.meta.kinds == [SnippetKind::Test] {
            self.compare("expected.stdout", &text, &text, true)?
        } else {
            VerifiedOutput::proven(text.trim_end().to_owned())
        };
        Some(TestProof { passed, output })
    }

    fn refusal(&mut self, observation: &Observation) -> Option<RefusalProof> {
        let found = self.found;
        let Some(errors) = &observation.refusal else {
            let diagnostic = self
                .reporter
                .about(
                    found,
                    codes::SNIPPET_UNEXPECTEDLY_COMPILES,
                    format!("`{}` compiles, and should be refused", found.slug),
                )
                .help(
                    "a newer compiler may accept it; then it proves something else: make it `kind = \"run\"`",
                );
            self.say(diagnostic);
            return None;
        };
        let mut all_codes: Vec<String> = errors
            .iter()
            .map(|error| error.code.clone())
            .filter(|code| !code.is_empty())
            .collect();
        all_codes.sort();
        all_codes.dedup();
        let missing: Vec<&String> = found
            .meta
            .error_codes
            .iter()
            .filter(|code| !all_codes.contains(code))
            .collect();
        let text: Vec<String> = observation
            .warnings
            .iter()
            .chain(errors)
            .map(|error| {
                self.normalizer
                    .text(error.rendered.as_bytes())
                    .trim_end()
                    .to_owned()
            })
            .collect();
        let mut text = text.join("\n\n");
        text.push('\n');
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(|code| format!("`{code}`")).collect();
            let diagnostic = self
                .reporter
                .about(
                    found,
                    codes::SNIPPET_WRONG_ERROR_CODE,
                    format!("`{}` is refused without {}", found.slug, names.join(", ")),
                )
                .detail(text.clone())
                .help(format!("the compiler gave {}", all_codes.join(", ")));
            self.say(diagnostic);
            return None;
        }
        self.note(&text);
        let stderr = self.compare("expected.stderr", &text, &text, true)?;
        Some(RefusalProof {
            codes: all_codes,
            errors: self.rustc(errors),
            stderr,
        })
    }

    fn rustc(&self, raw: &[RawDiagnostic]) -> Vec<RustcDiagnostic> {
        let prefix = format!("{}/", self.found.slug);
        raw.iter()
            .map(|diagnostic| RustcDiagnostic {
                code: diagnostic.code.clone(),
                level: diagnostic.level.clone(),
                message: diagnostic.message.clone(),
                rendered: self.normalizer.text(diagnostic.rendered.as_bytes()),
                spans: diagnostic
                    .spans
                    .iter()
                    .map(|span| RustcSpan {
                        file: span.file.strip_prefix(&prefix).unwrap_or(&span.file).to_owned(),
                        line: span.line,
                        column: span.column,
                        end_line: span.end_line,
                        end_column: span.end_column,
                        label: span.label.clone(),
                        primary: span.primary,
                    })
                    .collect(),
            })
            .collect()
    }
}
