//! Readers beside a writer: whatever they read is one committed state, mapped or by position.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use h5lite::{
    Array, Attribute, Class, DType, Dataset, DatasetOptions, Error, File, LinkTarget, Locking,
    Object, OpenOptions, Result,
};
use ndarray::Array1;

#[path = "common/digest.rs"]
mod digest;
use digest::digest;

const EDITS: u64 = 200;

/// The number of a state as it stands in the matrix.
fn number(step: u64) -> f32 {
    f32::from(u16::try_from(step).unwrap())
}

/// State number `step`: an attribute, a dataset in its place, a matrix that grows and shrinks, and
/// a name that comes and goes.
fn edit(file: &mut File, step: u64) -> Result<()> {
    let columns = 6 + usize::try_from(step % 9).unwrap();
    let numbers = |count: usize| -> Array { Array1::from_elem(count, step).into_dyn().into() };
    let mut edit = file.edit()?;
    edit.set_attribute("/", "step", &numbers(1))?;
    edit.write("/numbers", &numbers(2000), &DatasetOptions::contiguous())?;
    edit.resize("/matrix", &[5, columns])?;
    let values = ndarray::Array2::from_elem((5, columns), number(step));
    edit.write_at("/matrix", &[], &values.into_dyn().into())?;
    if step.is_multiple_of(2) {
        edit.soft_link("/even", "/numbers")?;
    } else if edit.contains("/row_attrs")? {
        edit.write(
            "/odd",
            &numbers(3),
            &DatasetOptions::chunked(&[2]).deflate(1),
        )?;
    }
    edit.commit()
}

/// What a reader sees: the number of the state, of which everything must be, and the digest.
fn look(file: &File) -> Result<(u64, u64)> {
    let step = file.root()?.attribute("step")?.read::<u64>()?[[0]];
    let numbers = file.dataset("/numbers")?.read::<u64>(&[])?;
    assert!(
        numbers.iter().all(|&number| number == step),
        "numbers of another state"
    );
    let matrix = file.dataset("/matrix")?;
    let columns = 6 + usize::try_from(step % 9).unwrap();
    assert_eq!(matrix.shape(), [5, columns], "a matrix of another state");
    let values = matrix.read::<f32>(&[])?;
    assert!(
        values
            .iter()
            .all(|value| value.to_bits() == number(step).to_bits()),
        "values of another state"
    );
    Ok((step, digest(file)?))
}

fn read_on(options: &OpenOptions, path: &Path, stop: &AtomicBool) -> Result<Vec<(u64, u64)>> {
    let mut seen = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let file = options.open(path)?;
        let first = look(&file)?;
        // The handle stays where it is, whatever is committed meanwhile.
        thread::yield_now();
        assert_eq!(look(&file)?, first, "a snapshot changed");
        seen.push(first);
    }
    Ok(seen)
}

fn beside_a_writer(fixture: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.loom");
    fs::copy(
        format!("{}/../../fixtures/{fixture}", env!("CARGO_MANIFEST_DIR")),
        &path,
    )
    .unwrap();
    let mut writer = File::options()
        .locking(Locking::Off)
        .open_rw(&path)
        .unwrap();
    edit(&mut writer, 0).unwrap();
    let mut committed = BTreeMap::from([look(&writer).unwrap()]);
    let stop = AtomicBool::new(false);
    // With a lock, which the writer does not ask for, files are mapped.
    let readers = [
        File::options(),
        File::options().positioned(true),
        File::options().locking(Locking::Off),
    ];
    thread::scope(|scope| {
        let reading: Vec<_> = readers
            .iter()
            .map(|options| scope.spawn(|| read_on(options, &path, &stop)))
            .collect();
        let written = (1..=EDITS).try_for_each(|step| {
            edit(&mut writer, step)?;
            committed.extend([look(&writer)?]);
            Ok::<(), h5lite::Error>(())
        });
        stop.store(true, Ordering::Relaxed);
        written.unwrap();
        for reader in reading {
            let seen = reader.join().unwrap().unwrap();
            let steps: Vec<u64> = seen.iter().map(|(step, _)| *step).collect();
            assert!(steps.is_sorted(), "a reader went back in time");
            for (step, digest) in &seen {
                assert_eq!(committed.get(step), Some(digest), "state {step}");
            }
            let states = seen.iter().collect::<std::collections::BTreeSet<_>>().len();
            println!("{fixture}: {} reads of {states} states", seen.len());
            assert!(
                states > 3,
                "the reader saw next to nothing of the {EDITS} edits"
            );
        }
    });
    assert_eq!(look(&File::open(&path).unwrap()).unwrap().0, EDITS);
}

#[test]
fn readers_beside_a_writer_see_committed_states_only() {
    beside_a_writer("userblock-512.loom");
}

#[test]
fn readers_beside_a_writer_of_a_checksummed_superblock_too() {
    beside_a_writer("userblock-1024-latest.loom");
}

/// Read by position, a file that another program cuts off while it is read is an error, in a call that
/// is under way too, and what is still there can be read.
#[test]
fn a_reader_survives_a_file_that_is_shortened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.h5");
    File::create(&path, |edit| {
        let values = Array1::from_iter(0..400_000_u64).into_dyn().into();
        edit.write("/first", &values, &DatasetOptions::contiguous())?;
        let chunked = DatasetOptions::chunked(&[1_000]).deflate(1);
        edit.write("/chunks", &values, &chunked)?;
        edit.write("/last", &values, &DatasetOptions::contiguous())
    })
    .unwrap();
    let file = File::options().positioned(true).open(&path).unwrap();
    // What says where they are lies at the end of the file.
    let datasets = ["/first", "/chunks", "/last"].map(|path| file.dataset(path).unwrap());
    let [first, cut_off @ ..] = &datasets;
    let whole = &first.read::<u64>(&[]).unwrap();
    let (reads, length) = (AtomicUsize::new(0), fs::metadata(&path).unwrap().len());
    thread::scope(|scope| {
        let readers = cut_off.each_ref().map(|dataset| {
            let reads = &reads;
            scope.spawn(move || {
                loop {
                    match dataset.read::<u64>(&[]) {
                        Ok(values) => assert_eq!(&values, whole, "{}", dataset.path()),
                        Err(error) => break (dataset.path(), error),
                    }
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        while reads.load(Ordering::Relaxed) < 4 {
            thread::yield_now();
        }
        // A lock is no more than advice.
        let other = fs::OpenOptions::new().write(true).open(&path).unwrap();
        other.set_len(length - 3_400_000).unwrap();
        for reader in readers {
            let (path, error) = reader.join().unwrap();
            assert!(matches!(error.root_cause(), Error::Io { .. }), "{error}");
            assert!(error.to_string().starts_with(path), "{error}");
        }
    });
    assert_eq!(&first.read::<u64>(&[]).unwrap(), whole);
    assert!(!file.check().is_empty());
    let anew = File::options().positioned(true).open(&path);
    assert!(anew.is_err_and(|error| error.is_corrupt()));
}
