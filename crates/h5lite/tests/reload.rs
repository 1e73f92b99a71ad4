//! Readers that move on to the newest content, and those that do not.

use std::{fs, thread, time::Duration};

use h5lite::{Array, DType, DatasetOptions, Edit, Error, File, Locking, Result};
use ndarray::Array1;

fn numbers(value: i32) -> Array {
    Array1::from_elem(1000, value).into_dyn().into()
}

fn write(edit: &mut Edit<'_>, value: i32) -> Result<()> {
    edit.write("/numbers", &numbers(value), &DatasetOptions::contiguous())
}

fn seen(file: &File) -> i32 {
    file.dataset("/numbers").unwrap().read::<i32>(&[]).unwrap()[[999]]
}

#[test]
fn a_reader_keeps_what_it_saw_until_it_reloads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.h5");
    File::create(&path, |edit| write(edit, 1)).unwrap();
    let unlocked = File::options().locking(Locking::Off);
    let (mut reader, other) = (unlocked.open(&path).unwrap(), unlocked.open(&path).unwrap());
    let mut writer = File::open_rw(&path).unwrap();
    for value in 2..5 {
        let mut edit = writer.edit().unwrap();
        write(&mut edit, value).unwrap();
        edit.commit().unwrap();
        assert_eq!(seen(&reader), value - 1);
        reader.reload().unwrap();
        assert_eq!(
            (seen(&reader), seen(&other), seen(&writer)),
            (value, 1, value)
        );
    }
    drop(writer);
    // Another file in its place, as after a repack.
    File::create(&path, |edit| write(edit, 9)).unwrap();
    assert_eq!(seen(&reader), 4);
    reader.reload().unwrap();
    assert_eq!((seen(&reader), seen(&other)), (9, 1));
    fs::remove_file(&path).unwrap();
    let gone = reader.reload().unwrap_err();
    assert!(gone.to_string().contains("file.h5"), "{gone}");
    assert_eq!(seen(&reader), 9, "what it saw is still there");
}

#[test]
fn a_writer_goes_on_from_what_others_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.h5");
    File::create(&path, |edit| write(edit, 1)).unwrap();
    let unlocked = File::options().locking(Locking::Off);
    let [mut one, mut two] = [0; 2].map(|_| unlocked.open_rw(&path).unwrap());
    let mut edit = one.edit().unwrap();
    write(&mut edit, 2).unwrap();
    edit.commit().unwrap();
    let refused = two.edit().unwrap_err();
    assert!(
        matches!(refused.root_cause(), Error::ChangedUnderUs),
        "{refused}"
    );
    assert_eq!(seen(&two), 1);
    two.reload().unwrap();
    assert_eq!(seen(&two), 2);
    let mut edit = two.edit().unwrap();
    write(&mut edit, 3).unwrap();
    edit.commit().unwrap();
    two.begin().unwrap();
    assert!(two.reload().is_err(), "a transaction is under way");
    one.reload().unwrap();
    assert_eq!(seen(&one), 3);
    let mut memory = File::from_bytes(fs::read(&path).unwrap()).unwrap();
    memory.reload().unwrap();
    assert_eq!(seen(&memory), 3);
}

#[test]
fn a_writer_whose_file_was_spoilt_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.h5");
    File::create(&path, |edit| write(edit, 1)).unwrap();
    let whole = fs::read(&path).unwrap();
    let unlocked = File::options().locking(Locking::Off);
    let mut writer = unlocked.open_rw(&path).unwrap();
    fs::write(&path, vec![0; whole.len()]).unwrap();
    let error = writer.reload().unwrap_err();
    assert!(error.to_string().contains("file.h5"), "{error}");
    assert!(writer.edit().is_err(), "it is not what was opened");
    fs::write(&path, whole).unwrap();
    writer.reload().unwrap();
    let mut edit = writer.edit().unwrap();
    write(&mut edit, 2).unwrap();
    edit.commit().unwrap();
    assert_eq!(seen(&File::open(&path).unwrap()), 2);
}

/// Or its changes would be lost: a repack puts another file in the place of the one waited for.
#[cfg(unix)]
#[test]
fn who_waits_for_a_file_writes_to_the_one_that_is_there_then() {
    let folder = tempfile::tempdir().unwrap();
    let (path, beside) = (folder.path().join("file.h5"), folder.path().join("new.h5"));
    File::create(&path, |edit| write(edit, 1)).unwrap();
    let held = fs::File::open(&path).unwrap();
    held.lock().unwrap();
    let waits = thread::spawn({
        let path = path.clone();
        move || {
            let patient = File::options().locking(Locking::Wait(Duration::from_secs(600)));
            let mut file = patient.open_rw(&path).unwrap();
            let found = seen(&file);
            let mut edit = file.edit().unwrap();
            write(&mut edit, 3).unwrap();
            edit.commit().unwrap();
            found
        }
    });
    // It may have come to the lock by now; if not, it finds the new file at once.
    thread::sleep(Duration::from_millis(200));
    File::create(&beside, |edit| write(edit, 2)).unwrap();
    fs::rename(&beside, &path).unwrap();
    drop(held);
    assert_eq!(waits.join().unwrap(), 2);
    assert_eq!(seen(&File::open(&path).unwrap()), 3);
}

#[test]
fn an_object_header_holds_compact_data() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    edit.write("/small", &numbers(5), &DatasetOptions::compact())
        .unwrap();
    edit.create("/empty", DType::F64, &[3, 2], &DatasetOptions::compact())
        .unwrap();
    let large = edit.create("/large", DType::F64, &[90, 90], &DatasetOptions::compact());
    assert!(large.unwrap_err().to_string().contains("compact"));
    let grows = DatasetOptions::compact().max_shape(&[None]);
    assert!(edit.write("/grows", &numbers(5), &grows).is_err());
    assert!(!edit.contains("/large").unwrap());
    edit.commit().unwrap();
    let mut edit = file.edit().unwrap();
    edit.write_at(
        "/small",
        &[(998..).into()],
        &Array1::from_elem(2, 7).into_dyn().into(),
    )
    .unwrap();
    assert!(edit.resize("/small", &[1001]).is_err());
    edit.set_attribute("/empty", "changed", &1_i32.into())
        .unwrap();
    edit.commit().unwrap();
    let small = file.dataset("/small").unwrap().read::<i32>(&[]).unwrap();
    assert_eq!((small[[997]], small[[998]], small[[999]]), (5, 7, 7));
    assert_eq!(
        file.dataset("/empty")
            .unwrap()
            .read::<f64>(&[])
            .unwrap()
            .sum(),
        0.0
    );
    let mut raw = 0;
    file.each_extent(&mut |_, extent| {
        raw += u32::from(extent.structure == "raw data");
        Ok(())
    })
    .unwrap();
    assert_eq!(raw, 0, "the data is in the headers");
}
