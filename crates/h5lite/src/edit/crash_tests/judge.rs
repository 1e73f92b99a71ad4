//! Tells the old content of a file from the new, and both from anything else.

use std::{collections::HashMap, env, fs, hash::Hasher, path::PathBuf};

use super::{File, digest};
use crate::{
    edit::tests::index::unsound_index,
    store::{
        CrashStore,
        crash::{CrashState, Tear},
    },
};

/// What a crash state turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Old,
    New,
    Other,
}

/// Tells the old content from the new.
pub(super) struct Judge {
    old: u64,
    new: u64,
    /// Whether the index of `/wide` must be sound as a tree, too.
    pub(super) sound: bool,
    pub(super) tear: Tear,
    /// Digests by the bytes a reader can see: most states differ in others only.
    seen: HashMap<u64, Option<u64>>,
    /// How many states were judged, and the stories of those that were neither.
    pub(super) judged: usize,
    pub(super) bad: Vec<String>,
    /// Where a sample of the states goes, for other programs to read, and what their names start
    /// with.
    images: Option<(PathBuf, String)>,
}

/// The environment variable that names a folder for a sample of the states.
const IMAGES: &str = "H5LITE_CRASH_IMAGES";
/// One state out of so many is in the sample.
const SAMPLE: usize = 41;

impl Judge {
    pub(super) fn new(old: &[u8], new: &[u8]) -> Self {
        let of = |bytes: &[u8]| {
            let file = File::from_bytes(bytes).unwrap();
            (digest(&file).unwrap(), file.superblock_version())
        };
        let ((old_digest, version), (new_digest, _)) = (of(old), of(new));
        let mut judge = Self::of(old_digest, new_digest, version);
        if let Some(folder) = env::var_os(IMAGES) {
            // The same content can stand in files of different bytes, which not everybody reads.
            let mut hasher = std::hash::DefaultHasher::new();
            hasher.write(old);
            hasher.write(new);
            let name = format!("{:016x}", hasher.finish());
            let folder = PathBuf::from(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(format!("{name}.old")), old).unwrap();
            fs::write(folder.join(format!("{name}.new")), new).unwrap();
            judge.images = Some((folder, name));
        }
        judge
    }

    pub(super) fn of(old: u64, new: u64, version: u8) -> Self {
        assert_ne!(old, new, "the edit changes nothing");
        let tear = if version < 2 {
            Tear::Words
        } else {
            Tear::Bytes
        };
        let seen = HashMap::new();
        Self {
            old,
            new,
            sound: false,
            tear,
            seen,
            judged: 0,
            bad: Vec::new(),
            images: None,
        }
    }

    fn digest(&mut self, file: &File) -> Option<u64> {
        let content = file
            .image()
            .bytes("file", crate::Address(0), file.content_len());
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(&content.ok()?);
        let key = hasher.finish();
        *self.seen.entry(key).or_insert_with(|| digest(file).ok())
    }

    pub(super) fn verdict(&mut self, bytes: &[u8]) -> Verdict {
        let readable = match File::from_bytes(bytes) {
            Ok(file) => Ok(file),
            // Only what was torn may be refused, and only with the advice that helps.
            Err(error) if error.to_string().contains("open the file for writing once") => {
                File::from_bytes_rw(bytes)
            }
            Err(error) => Err(error),
        };
        let found = readable.ok().and_then(|file| self.digest(&file));
        // Neighbours of a copied path are told by the next opening for writing at the latest.
        if self.sound
            && !File::from_bytes_rw(bytes).is_ok_and(|file| unsound_index(&file, "/wide").is_none())
        {
            return Verdict::Other;
        }
        match found {
            Some(found) if found == self.old => Verdict::Old,
            Some(found) if found == self.new => Verdict::New,
            _ => Verdict::Other,
        }
    }

    /// Looks at a state, of which only some are allowed once everything has been done.
    fn judge(&mut self, state: &CrashState, allowed_at_the_end: &[Verdict]) {
        let verdict = self.verdict(&state.bytes);
        self.judged += 1;
        if let Some((folder, name)) = &self.images
            && self.judged.is_multiple_of(SAMPLE)
            && File::from_bytes(&*state.bytes).is_ok()
        {
            let name = format!("{name}.{}.state", self.judged);
            fs::write(folder.join(name), &state.bytes).unwrap();
        }
        let either = [Verdict::Old, Verdict::New];
        let allowed = if state.finished {
            allowed_at_the_end
        } else {
            &either
        };
        if !allowed.contains(&verdict) {
            self.bad.push(format!("{verdict:?}: {}", state.story));
        } else if self.sound && allowed.len() == 1 {
            // A commit that says how it ended leaves nothing to be done.
            let file = File::from_bytes(state.bytes.clone()).unwrap();
            if let Some(wrong) = unsound_index(&file, "/wide") {
                self.bad.push(format!("{wrong}: {}", state.story));
            }
        }
    }

    pub(super) fn judge_all(&mut self, store: &CrashStore, draws: usize, at_the_end: &[Verdict]) {
        let tear = self.tear;
        store.kills(tear, &mut |state| self.judge(&state, at_the_end));
        store.power_losses(tear, draws, &mut |state| self.judge(&state, at_the_end));
    }
}
