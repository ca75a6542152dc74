//! What was typed; what it means is decided in the verbs.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::model::snippet::Partition;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Builds interview guides whose code snippets are compiled, run and checked.
#[derive(Debug, Parser)]
#[command(name = "proofbook", version, about, arg_required_else_help = true)]
pub(super) struct Args {
    /// The site's folder
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    pub(super) root: PathBuf,
    /// Colours in the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorChoice,
    /// Say only what is wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Make a new site that builds at once
    Init(InitArgs),
    /// Turn raw guides into canonical Markdown
    Import(ImportArgs),
    /// Build the site
    Build(BuildArgs),
    /// Build the site, show it on a local address, and rebuild on every change
    Serve(ServeArgs),
    /// Check content, links and snippets without writing the site
    Check(CheckArgs),
    /// Compile and run the snippets and compare their output
    Test(TestArgs),
    /// Prove a published site again, from its own sources
    Verify(VerifyArgs),
    /// Work with records of proofs
    Proofs(ProofsArgs),
    /// Remove what builds have written
    Clean,
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, ClapArgs)]
pub(super) struct ImportArgs {
    /// The files to import: text, Markdown, HTML, AsciiDoc, wiki, Org, reStructuredText, LaTeX, CSV or TSV
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Where to write the guides [default: the site's content folder]
    #[arg(long, value_name = "DIR")]
    pub(super) to: Option<PathBuf>,
    /// Print the result and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// What to print: Markdown (with --dry-run), or the guides as data
    #[arg(long, value_name = "FORMAT", default_value = "md")]
    pub(super) format: ImportFormat,
    /// Overwrite files that are there
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ImportFormat {
    Md,
    Json,
}

#[derive(Debug, ClapArgs)]
pub(super) struct InitArgs {
    /// The new site's folder
    #[arg(default_value = ".")]
    pub(super) dir: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(super) struct BuildArgs {
    /// Write the site to this folder
    #[arg(short = 'd', long, value_name = "DIR")]
    pub(super) dest_dir: Option<PathBuf>,
    /// Open the site in a browser
    #[arg(short, long)]
    pub(super) open: bool,
    /// Publish drafts too
    #[arg(long)]
    pub(super) drafts: bool,
    /// The site's address, instead of `site-url`
    #[arg(long, value_name = "URL", value_parser = base_url)]
    pub(super) base_url: Option<String>,
    /// Refuse to change the snippets' lockfile
    #[arg(long)]
    pub(super) locked: bool,
    /// Threads and parallel snippet runs
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<usize>,
    /// Run only this snippet; others count as not verified
    #[arg(long, value_name = "SLUG")]
    pub(super) filter: Vec<String>,
    /// Compile and run nothing: publish what `test --record` recorded, as far as it still holds
    #[arg(long)]
    pub(super) no_run: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ServeArgs {
    /// Port; 0 takes a free one
    #[arg(short, long, default_value_t = 3000)]
    pub(super) port: u16,
    /// Address to listen on
    #[arg(short = 'n', long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(super) hostname: IpAddr,
    /// Open the site in a browser
    #[arg(short, long)]
    pub(super) open: bool,
    /// How changes are noticed
    #[arg(long, default_value = "native")]
    pub(super) watcher: Watcher,
    /// Go to where the last edit shows
    #[arg(long)]
    pub(super) follow: bool,
    /// Address that opens a file in your editor, with `{path}`, `{line}` and `{column}`
    #[arg(long, value_name = "URL", env = "PROOFBOOK_EDITOR", default_value = "vscode://file/{path}:{line}:{column}", value_parser = editor)]
    pub(super) editor: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Watcher {
    Native,
    Poll,
}

#[derive(Debug, ClapArgs)]
pub(super) struct CheckArgs {
    /// Report only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Ask the addresses outside the site too, as `[check.links]` says
    #[arg(long)]
    pub(super) external: bool,
    /// Mend what has one safe answer (moved links, wrong case, a missing `#`), and show the changes
    #[arg(long)]
    pub(super) fix: bool,
    /// Print what a rule is about, why it matters and how to mend it, and check nothing
    #[arg(long, value_name = "CODE")]
    pub(super) explain: Option<String>,
    /// Run only this snippet
    #[arg(long, value_name = "SLUG")]
    pub(super) filter: Vec<String>,
    /// Only one part of the snippets, as in `hash:1/4`
    #[arg(long, value_name = "PART", value_parser = Partition::parse)]
    pub(super) partition: Option<Partition>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) output_format: OutputFormat,
    /// Write the report to this file; people still read it on stderr
    #[arg(long, value_name = "FILE")]
    pub(super) output_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// For people, with the lines at fault
    Human,
    /// One line each
    Concise,
    /// The project's own schema
    Json,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for lists of tests
    Junit,
}

#[derive(Debug, ClapArgs)]
pub(super) struct TestArgs {
    /// The snippets to prove; all if none is named
    pub(super) slugs: Vec<String>,
    /// Accept what the snippets print: write the expected files
    #[arg(long)]
    pub(super) bless: bool,
    /// Bless even where `CI` is set
    #[arg(long, requires = "bless")]
    pub(super) force: bool,
    /// Record what was proven in `proofs.json` of the snippets folder, for `build --no-run`
    #[arg(long)]
    pub(super) record: bool,
    /// Only one part of the snippets, as in `hash:1/4`
    #[arg(long, value_name = "PART", value_parser = Partition::parse)]
    pub(super) partition: Option<Partition>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) output_format: OutputFormat,
    /// Write the report to this file; people still read it on stderr
    #[arg(long, value_name = "FILE")]
    pub(super) output_file: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct VerifyArgs {
    /// The site's folder; the one of book.toml if it is not given
    pub(super) site_dir: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ProofsArgs {
    #[command(subcommand)]
    pub(super) verb: ProofsVerb,
}

#[derive(Debug, Subcommand)]
pub(super) enum ProofsVerb {
    /// Merge the records of several machines into one, on stdout
    Merge {
        /// Records as `test --record` writes them
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs) if (1..=1024).contains(&jobs) => Ok(jobs),
        _ => Err("a whole number from 1 to 1024".to_owned()),
    }
}

fn base_url(text: &str) -> Result<String, String> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !text.contains(['?', '#', ' ', '"', '<', '>']) => {
            Ok(text.to_owned())
        }
        _ => Err("an absolute address such as `https://example.org/guides/`".to_owned()),
    }
}

fn editor(text: &str) -> Result<String, String> {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let runs_code = ["javascript", "data", "vbscript"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if named && !runs_code && text.contains("{path}") {
        Ok(text.to_owned())
    } else {
        Err("an address with `{path}` in it, such as `vscode://file/{path}:{line}:{column}`".to_owned())
    }
}
