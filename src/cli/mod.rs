//! The command line: arguments in, exit code out. The only room that prints.

mod args;
mod console;
mod exit_code;
mod verbs;

use clap::Parser as _;

use self::args::{Args, Verb};
pub use self::exit_code::ExitCode;

/// Runs the program with the process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // `--help` and `--version` arrive as errors too.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::Usage
            } else {
                ExitCode::Clean
            };
        }
    };
    let console = console::Console::new(&args);
    let result = match args.verb {
        Verb::Init(ref init) => verbs::init::run(init, &console),
        Verb::Import(ref import) => verbs::import::run(&args, import, &console),
        Verb::Build(ref build) => verbs::build::run(&args, build, &console),
        Verb::Serve(ref serve) => verbs::serve::run(&args, serve, &console),
        Verb::Check(ref check) => verbs::check::run(&args, check, &console),
        Verb::Test(ref test) => verbs::test::run(&args, test, &console),
        Verb::Verify(ref verify) => verbs::verify::run(&args, verify, &console),
        Verb::Proofs(ref proofs) => verbs::proofs::run(proofs),
        Verb::Clean => verbs::clean::run(&args, &console),
        Verb::Completions(ref completions) => verbs::completions::run(completions),
    };
    result.unwrap_or_else(|error| {
        console.failure(&error);
        ExitCode::Usage
    })
}
