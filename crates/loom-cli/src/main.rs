//! The program `loom`: looks into Loom files and any other HDF5 file, makes Loom files and changes
//! them.
//!
//! Here is only what every command shares: the exit status, the message on the standard error
//! stream, and the quiet end when nobody reads the output any longer.

mod args;
mod chosen;
mod commands;
mod condition;
mod digest;
mod error;
mod fields;
mod interrupt;
mod labels;
mod open;
mod output;
mod positions;
mod progress;
mod render;
mod tables;
mod what;
mod write;

use std::process::ExitCode;

use clap::Parser;

/// What a command found out about its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Nothing to object to.
    Fine,
    /// The file breaks a rule.
    Invalid,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Fine => 0,
            Status::Invalid => 1,
        })
    }
}

/// The exit status of an error; clap takes the same for arguments it does not understand.
const ERROR: u8 = 2;

fn main() -> ExitCode {
    let args = args::Args::parse();
    match commands::run(&args.command) {
        Ok(status) => status.into(),
        Err(error) if error.is_broken_pipe() => Status::Fine.into(),
        Err(error) => {
            eprintln!("loom: {}", render::escape(&error.to_string()));
            interrupt::obey();
            ERROR.into()
        }
    }
}
