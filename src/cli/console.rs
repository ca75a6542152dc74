//! What the program says: people read stderr, machines stdout.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{Args, ColorChoice};
use crate::engine::Outcome;
use crate::event::{Event, Stage};
use crate::report::human;

/// The terminal, or what stands in its place.
pub(super) struct Console {
    color: bool,
    quiet: bool,
    verbose: bool,
    terminal: bool,
}

impl Console {
    pub(super) fn new(args: &Args) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let color = match args.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            // no-color.org: any value but the empty one switches colours off.
            ColorChoice::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self {
            color,
            quiet: args.quiet,
            verbose: args.verbose,
            terminal,
        }
    }

    /// Says something, unless asked to be quiet.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Says what must be heard.
    #[expect(
        clippy::unused_self,
        reason = "it belongs beside `say`, whichever settings it comes to heed"
    )]
    pub(super) fn insist(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// Tells why the program cannot go on.
    pub(super) fn failure(&self, error: &anyhow::Error) {
        let label = if self.color {
            "\u{1b}[1m\u{1b}[91merror\u{1b}[0m"
        } else {
            "error"
        };
        let _ = writeln!(std::io::stderr(), "{label}: {error:#}");
    }

    /// Tells what a build found, and its sum.
    pub(super) fn report(&self, outcome: &Outcome) {
        let text = human::render(outcome, self.color);
        let _ = write!(std::io::stderr(), "{text}");
        if outcome.diagnostics.has_errors() {
            let _ = writeln!(std::io::stderr(), "{}", human::summary(outcome));
        } else {
            self.say(&human::summary(outcome));
        }
    }

    /// A listener that shows the progress of one build.
    pub(super) fn progress(&self) -> Progress {
        let bar = if self.terminal && !self.quiet {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        bar.set_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress {
            bar,
            quiet: self.quiet,
            told_sandbox: false,
            verbose: self.verbose,
            stage: "reading".to_owned(),
            done: 0,
            of: None,
        }
    }
}

/// Prints to stdout, for machines.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Shows events as a moving line.
pub(super) struct Progress {
    bar: ProgressBar,
    quiet: bool,
    /// The layers are told once.
    told_sandbox: bool,
    verbose: bool,
    stage: String,
    done: usize,
    of: Option<usize>,
}

impl Progress {
    pub(super) fn hear(&mut self, event: &Event) {
        match event {
            Event::StageStarted { stage, of } => {
                name(*stage).clone_into(&mut self.stage);
                self.done = 0;
                self.of = *of;
                self.show("");
            }
            Event::SandboxReady { layers, missing } => self.sandbox(layers, missing),
            Event::BuildStarted { snippets } => self.show(&format!("compiling {snippets} snippets")),
            Event::SnippetCompiled { slug } => self.show(&format!("compiled {slug}")),
            Event::SnippetStarted { slug } => self.show(&format!("running {slug}")),
            Event::SnippetFinished {
                slug,
                verified,
                cached,
            } => {
                self.done += 1;
                if self.verbose {
                    let outcome = if *verified { "verified" } else { "failed" };
                    let from = if *cached { ", from the memo" } else { "" };
                    let line = format!("snippet {slug}: {outcome}{from}");
                    self.bar.suspend(|| {
                        let _ = writeln!(std::io::stderr(), "{line}");
                    });
                }
                self.show(slug);
            }
            Event::PageRendered { path } => {
                self.done += 1;
                self.show(path);
            }
            Event::Diagnosed(_) => {}
            Event::Finished { .. } => self.bar.finish_and_clear(),
        }
    }

    fn sandbox(&mut self, layers: &[String], missing: &[String]) {
        if self.quiet || std::mem::replace(&mut self.told_sandbox, true) {
            return;
        }
        let mut text = if layers.is_empty() {
            "sandbox: none; snippets run with all your rights".to_owned()
        } else {
            format!("sandbox: {}", layers.join(", "))
        };
        for why in missing {
            text.push_str(&format!("\nnote: not in force: {why}"));
        }
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }

    fn show(&self, what: &str) {
        let count = match self.of {
            Some(of) if of > 0 => format!(" {}/{of}", self.done.min(of)),
            _ => String::new(),
        };
        self.bar.set_message(format!("{}{count} {what}", self.stage));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

const fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Load => "reading",
        Stage::Parse => "parsing",
        Stage::Resolve => "resolving links",
        Stage::Execute => "snippets",
        Stage::Render => "rendering",
        Stage::Search => "indexing",
        Stage::Emit => "writing",
    }
}
