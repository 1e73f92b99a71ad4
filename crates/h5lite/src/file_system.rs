//! What kind of file system a file is on.

use std::fs::File;

/// File systems whose files other machines change, or that some program makes up as it likes, by the
/// numbers that statfs(2) gives them: there a lock of this machine may hold nobody back.
#[cfg(all(target_os = "linux", feature = "mmap"))]
const REMOTE: [(u32, &str); 15] = [
    (0x0102_1997, "9p"),
    (0x0bd0_0bd0, "lustre"),
    (0x00c3_6400, "ceph"),
    (0x0116_1970, "gfs2"),
    (0x1983_0326, "beegfs"),
    (0x4750_4653, "gpfs"),
    (0x517b, "smb"),
    (0x5346_414f, "afs"),
    (0x564c, "ncp"),
    (0x6573_5546, "fuse"),
    (0x6969, "nfs"),
    (0x7375_7245, "coda"),
    (0x7461_636f, "ocfs2"),
    (0xfe53_4d42, "smb2"),
    (0xff53_4d42, "cifs"),
];

/// Whether other machines may be at work on the file, or that is not known.
#[cfg(all(target_os = "linux", feature = "mmap"))]
pub(crate) fn is_remote(file: &File) -> bool {
    rustix::fs::fstatfs(file).map_or(true, |answer| {
        // Its width and sign depend on the target.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let kind = answer.f_type as u32;
        REMOTE.iter().any(|(number, _)| *number == kind)
    })
}

/// Whether other machines may be at work on the file: elsewhere nobody asks, and
/// without the feature `mmap` nothing hangs on it.
#[cfg(not(all(target_os = "linux", feature = "mmap")))]
pub(crate) fn is_remote(_: &File) -> bool {
    false
}

#[cfg(all(test, target_os = "linux", feature = "mmap"))]
mod tests {
    use super::*;

    #[test]
    fn only_other_machines_files_are_remote() {
        // Where a test runs, its folder for temporary files is on the machine itself.
        assert!(!is_remote(&tempfile::tempfile().unwrap()));
        assert!(!is_remote(&File::open("/proc/self/stat").unwrap()));
    }
}
