//! The same bytes over different ways: each must give the same values and errors.

use std::io::Write;

use h5lite::{Dataset, File, LinkTarget, Object, Selection};

use super::{limits, walk::walk};

/// In memory, mapped and by position; datasets whole and position by position.
pub(super) fn agree(data: &[u8]) {
    let in_memory = File::options().limits(limits()).from_bytes(data).ok();
    let walked = in_memory.as_ref().map(walk);
    let mut copy = tempfile::NamedTempFile::new().expect("a temporary file");
    copy.write_all(data).expect("room for it");
    for positioned in [false, true] {
        let options = File::options().limits(limits()).positioned(positioned);
        let opened = options.open(copy.path()).ok();
        let other = opened.as_ref().map(walk);
        assert_eq!(other, walked, "positioned: {positioned}");
    }
    if let Some(root) = in_memory.as_ref().and_then(|file| file.root().ok()) {
        let links = root.links().unwrap_or_default();
        let hard = links.iter().take(20).filter_map(|link| match link.target {
            LinkTarget::Hard(address) => Some((&link.name, address)),
            _ => None,
        });
        for (name, address) in hard {
            let object = in_memory.as_ref().map(|file| file.object_at(name, address));
            if let Some(Ok(Object::Dataset(dataset))) = object {
                parts(&dataset);
            }
        }
    }
}

/// Rows of a dataset by themselves are the rows of the whole: a chunk that is looked up alone is
/// the one that a walk over the index finds, and threads change nothing.
fn parts(dataset: &Dataset<'_>) {
    let (Ok(whole), &[rows, ..]) = (dataset.read_bytes(&[]), dataset.shape()) else {
        return;
    };
    if rows == 0 || whole.is_empty() {
        return;
    }
    let row_len = whole.len() / rows;
    let mut selections = vec![Selection::All; dataset.shape().len()];
    for row in (0..rows).step_by(rows.div_ceil(20)) {
        selections[0] = row.into();
        let alone = dataset.read_bytes(&selections).expect("a row of the whole");
        assert!(alone == whole[row * row_len..][..row_len], "row {row}");
    }
}
