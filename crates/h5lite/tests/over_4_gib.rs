//! Edits of a file of more than 4 GiB. Slow on file systems that cannot leave holes in a file, where
//! it writes 5 GB; elsewhere it takes no time and is run with all other tests.

// Files of that size cannot be mapped on smaller machines.
#![cfg(target_pointer_width = "64")]

use std::fs::OpenOptions;

use h5lite::{Array, DatasetOptions, File, Result, Selection};
use ndarray::Array2;

const HOLE: u64 = 5 << 30;

fn values(rows: usize, columns: usize, first: usize) -> Array2<u32> {
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        u32::try_from(first + 1000 * row + column).unwrap()
    })
}

#[test]
fn a_file_of_more_than_4_gib_is_edited() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.h5");
    let options = DatasetOptions::chunked(&[1, 1]).max_shape(&[None, None]);
    let mut model = values(20, 30, 7);
    File::create(&path, |edit| {
        edit.write("/matrix", &model.clone().into(), &options)?;
        edit.write(
            "/words",
            &["one", "two"].as_slice().into(),
            &DatasetOptions::contiguous(),
        )
    })?;
    // As a crashed writer leaves it: everything new goes behind the hole.
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(HOLE).unwrap();
    drop(file);
    for step in 0..3 {
        let mut file = File::open_rw(&path)?;
        let mut edit = file.edit()?;
        if step > 0 {
            // Paths are copied, on both sides of the hole.
            edit.set_index_limits(0, 100);
        }
        let columns = model.ncols();
        let new = values(20, 3, 50_000 * (step + 1));
        edit.resize("/matrix", &[20, columns + 3])?;
        let place: [Selection; 2] = [Selection::All, (columns..columns + 3).into()];
        edit.write_at("/matrix", &place, &Array::from(new.clone()))?;
        edit.set_attribute("/words", "step", &u32::try_from(step).unwrap().into())?;
        edit.rename("/words", "/other")?;
        edit.rename("/other", "/words")?;
        edit.commit()?;
        model.append(ndarray::Axis(1), new.view()).unwrap();
        // What the handle shows, and then, without its lock, what the file holds.
        for again in [false, true] {
            if again {
                drop(file);
                file = File::open(&path)?;
                assert!(file.content_len() > HOLE);
            }
            let found = file.dataset("/matrix")?.read_any(&[])?;
            assert_eq!(found, Array::from(model.clone()));
            let words = file.dataset("/words")?.read::<String>(&[])?;
            assert_eq!(words.as_slice().unwrap(), ["one", "two"]);
        }
    }
    Ok(())
}
