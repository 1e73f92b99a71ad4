//! Text files line by line, compressed or not.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;

use super::bad;
use crate::error::{Error, Result};

/// What gzip files start with.
const GZIP: &[u8] = b"\x1f\x8b";
/// Longer lines are taken for no text at all.
const LONGEST: usize = 1 << 30;

/// A text file, compressed with gzip or not, that knows in which line it is.
pub struct Lines {
    pub(super) path: PathBuf,
    reader: Box<dyn BufRead>,
    /// Lines read so far.
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::NoFile`], [`Error::Import`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NoFile {
                path: path.to_owned(),
            },
            _ => bad(path, None, error.to_string()),
        })?;
        let mut plain = BufReader::with_capacity(1 << 20, file);
        let start = (plain.fill_buf()).map_err(|error| bad(path, None, error.to_string()))?;
        let reader: Box<dyn BufRead> = match start.starts_with(GZIP) {
            true => Box::new(BufReader::with_capacity(
                1 << 20,
                MultiGzDecoder::new(plain),
            )),
            false => Box::new(plain),
        };
        Ok(Self {
            path: path.to_owned(),
            reader,
            number: 0,
            line: Vec::new(),
        })
    }

    /// The first bytes, decompressed, which stay.
    ///
    /// # Errors
    /// [`Error::Import`] where they cannot be read.
    pub fn start(&mut self) -> Result<&[u8]> {
        let Self { path, reader, .. } = self;
        (reader.fill_buf()).map_err(|error| bad(path, None, error.to_string()))
    }

    /// The next line without its end; `None` after the last.
    ///
    /// # Errors
    /// [`Error::Import`] with the line: a compressed file that is cut off, for example.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>> {
        self.line.clear();
        self.number += 1;
        let mut limited = io::Read::take(&mut self.reader, LONGEST as u64);
        let read = limited.read_until(b'\n', &mut self.line);
        match read {
            Err(error) => return Err(self.bad(error.to_string())),
            Ok(0) => return Ok(None),
            Ok(LONGEST) => return Err(self.bad(format!("longer than {LONGEST} bytes"))),
            Ok(_) => {}
        }
        while let [.., b'\n' | b'\r'] = self.line[..] {
            self.line.pop();
        }
        Ok(Some(&self.line))
    }

    /// An [`Error::Import`] in the line read last.
    #[must_use]
    pub fn bad(&self, reason: String) -> Error {
        bad(&self.path, Some(self.number), reason)
    }

    /// Everything that is left, for who parses it.
    pub(super) fn into_rest(self) -> Box<dyn BufRead> {
        self.reader
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("path", &self.path)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
