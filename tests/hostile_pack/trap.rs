//! What a trap is, and what a file does with one.

use h5lite::{Error, File, Result};
use loom_core::{Connect, LoomConnection};

use crate::bytes::Bytes;

/// A call and what it answers.
#[derive(Clone, Copy)]
pub(crate) enum Call {
    /// Of a file.
    Of(fn(&File) -> Result<String>),
    /// Of a file that is opened as a Loom file without being validated.
    Loom(fn(&LoomConnection) -> loom_core::Result<String>),
}

/// A hostile file.
pub(crate) struct Trap {
    /// The sound file it was made of.
    pub(crate) base: Vec<u8>,
    /// The trap itself.
    pub(crate) bytes: Vec<u8>,
    /// The call that steps into it, and the answer where it has one.
    pub(crate) call: Call,
    /// What has to come out of the call.
    pub(crate) expected: Expected,
}

/// What comes out of a call, with a part of what it says.
#[derive(Debug)]
pub(crate) enum Expected {
    /// The file is called corrupt.
    Corrupt(&'static str),
    /// The file uses what is left out.
    Unsupported(&'static str),
    /// More than a limit allows; the part is the limit's name.
    Limit(&'static str),
    /// The file is sound, but not what a Loom file is.
    NotLoom(&'static str),
    /// The file is legal: this is the answer.
    Answer(&'static str),
}

use Expected::{Answer, Corrupt, Limit, NotLoom, Unsupported};

impl Trap {
    /// A trap made by changing the bytes of a sound file.
    pub(crate) fn new(
        base: Bytes,
        change: impl FnOnce(&mut Bytes),
        call: Call,
        expected: Expected,
    ) -> Self {
        let mut bytes = base.clone();
        change(&mut bytes);
        assert!(bytes.0 != base.0, "nothing was changed");
        Self {
            base: base.0,
            bytes: bytes.0,
            call,
            expected,
        }
    }

    /// A trap that is legal as it is.
    pub(crate) fn legal(base: Bytes, call: Call, expected: Expected) -> Self {
        Self {
            bytes: base.0.clone(),
            base: base.0,
            call,
            expected,
        }
    }

    /// What the call says, where it is not what it should be.
    pub(crate) fn spring(&self) -> Result<(), String> {
        let outcome = self.outcome();
        let text = match &outcome {
            Ok(answer) => answer.clone(),
            Err(error) => error.to_string(),
        };
        let cause = match &outcome {
            Err(loom_core::Error::H5(error)) => Some(error.root_cause()),
            _ => None,
        };
        let right = match self.expected {
            Answer(part) => outcome.is_ok() && text.contains(part),
            NotLoom(part) => outcome.is_err() && text.contains(part),
            Corrupt(part) => cause.is_some_and(Error::is_corrupt) && text.contains(part),
            Unsupported(part) => cause.is_some_and(Error::is_unsupported) && text.contains(part),
            Limit(part) => matches!(cause, Some(Error::Limit { setting, .. }) if *setting == part),
        };
        if right {
            return Ok(());
        }
        let said = if outcome.is_ok() {
            "the answer"
        } else {
            "the error"
        };
        Err(format!("expected {:?}, got {said} {text:?}", self.expected))
    }

    fn outcome(&self) -> loom_core::Result<String> {
        match self.call {
            Call::Of(call) => Ok(call(&File::from_bytes(self.bytes.clone())?)?),
            Call::Loom(call) => call(&Connect::new().validate(false).bytes(self.bytes.clone())?),
        }
    }
}

/// All of `/matrix`.
pub(crate) const ALL: Call = Call::Of(all);
/// The first value of `/matrix`.
pub(crate) const FIRST: Call = Call::Of(first);
/// The names in the root group.
pub(crate) const NAMES: Call = Call::Of(names);
/// Everything wrong, in one line.
pub(crate) const CHECK: Call = Call::Of(|file| {
    let found: Vec<_> = file.check().iter().map(ToString::to_string).collect();
    Ok(found.join("; "))
});

fn all(file: &File) -> Result<String> {
    let values = file.dataset("/matrix")?.read_any(&[])?;
    Ok(format!("{:?}", values.shape()))
}

fn first(file: &File) -> Result<String> {
    let dataset = file.dataset("/matrix")?;
    let at = vec![h5lite::Selection::from(0); dataset.shape().len()];
    let value = dataset.read_lossy::<f64>(&at)?;
    Ok(format!("{:?} of {:?}", value.first(), dataset.shape()))
}

fn names(file: &File) -> Result<String> {
    Ok(format!("{:?}", file.root()?.names()?))
}
