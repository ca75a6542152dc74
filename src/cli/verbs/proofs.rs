//! `proofbook proofs`

use anyhow::Context as _;

use super::system;
use crate::cli::ExitCode;
use crate::cli::args::{ProofsArgs, ProofsVerb};
use crate::cli::console;
use crate::execute::proofs::ProofRecord;
use crate::system::System as _;

pub(in crate::cli) fn run(proofs: &ProofsArgs) -> anyhow::Result<ExitCode> {
    let ProofsVerb::Merge { files } = &proofs.verb;
    let mut merged = ProofRecord::default();
    for file in files {
        let name = file.display();
        let bytes = system()
            .read(file)
            .with_context(|| format!("failed to read `{name}`"))?;
        let record = ProofRecord::parse(&bytes).with_context(|| {
            format!("`{name}` is no record of proofs as `proofbook test --record` writes it")
        })?;
        merged
            .merge(record)
            .with_context(|| format!("failed to merge `{name}`"))?;
    }
    console::print(&merged.to_json())?;
    Ok(ExitCode::Clean)
}
