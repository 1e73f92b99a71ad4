//! Ctrl-C and `kill` leave the old files, and nothing else.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use loom_core::{LoomView, create};
use ndarray::Array2;

use crate::{loom, str};

/// Large enough that writing it takes a while.
const SIDE: usize = 2000;

fn base(path: &Path) {
    // Nothing that compresses well.
    let matrix = Array2::from_shape_fn((SIDE, SIDE), |(row, col)| {
        let n = u32::try_from(row * SIDE + col).unwrap();
        f64::from(n.wrapping_mul(2_654_435_761) >> 3)
    });
    let mut view = LoomView::default();
    view.layers.insert(String::new(), matrix.into());
    let half: Vec<i32> = (0..SIDE).map(|at| i32::from(at % 2 == 0)).collect();
    view.ca.insert("Half".into(), half.into());
    create(path, &view).unwrap();
}

/// The files of a folder and their lengths.
fn listing(folder: &Path) -> BTreeMap<String, u64> {
    let files = fs::read_dir(folder).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, entry.metadata().map_or(0, |metadata| metadata.len()))
    });
    files.collect()
}

/// Runs the program, and sends it a signal once it has begun to write into the folder.
fn interrupted(folder: &Path, signal: (&str, i32), args: &[&str]) {
    let before = listing(folder);
    let mut program = loom(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while listing(folder) == before {
        assert!(start.elapsed() < Duration::from_secs(60), "{args:?}");
        sleep(Duration::from_millis(1));
    }
    let sent = Command::new("kill")
        .args([signal.0, &program.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let mut stderr = program.stderr.take().unwrap();
    let message = std::io::read_to_string(&mut stderr).unwrap();
    let status = program.wait().unwrap();
    assert_eq!(status.signal(), Some(signal.1), "{args:?}: {message}");
    assert!(message.contains("stopped as asked"), "{args:?}: {message}");
    assert_eq!(listing(folder), before, "{args:?}");
}

#[test]
fn a_signal_leaves_the_old_files_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let [file, other, new, order] =
        ["x.loom", "other.loom", "new.loom", "order"].map(|name| folder.path().join(name));
    base(&file);
    fs::copy(&file, &other).unwrap();
    fs::write(&new, "in the way").unwrap();
    let reversed: Vec<String> = (0..SIDE).rev().map(|at| at.to_string()).collect();
    fs::write(&order, reversed.join("\n")).unwrap();
    let before = fs::read(&file).unwrap();
    let [file, other, new, order] = [&file, &other, &new, &order].map(|path| str(path));
    let (interrupt, terminate) = (("-INT", 2), ("-TERM", 15));
    let parts = str(folder.path()).to_owned() + "/{}.loom";
    #[cfg(feature = "plot")]
    let png = str(folder.path()).to_owned() + "/new.png";
    let permute = [
        "permute",
        file,
        "--axis",
        "1",
        "--order",
        order,
        "--in-place",
    ];
    let split = ["split", file, "--axis", "1", "--by", "Half", "-o", &parts];
    let cases: [((&str, i32), &[&str]); 8] = [
        (interrupt, &permute),
        (terminate, &["append", file, other]),
        (terminate, &["subset", file, "-o", new, "--force"]),
        (interrupt, &["combine", file, other, "-o", new, "--force"]),
        (interrupt, &split),
        (terminate, &["repack", file, "--gzip", "9", "-o", new]),
        (interrupt, &["recover", file, "-o", new]),
        (interrupt, &["export", file, "-o", new]),
    ];
    #[cfg(feature = "plot")]
    let picture = (
        interrupt,
        &["plot", file, "--kind", "qc", "--scale", "6", "-fo", &png][..],
    );
    #[cfg(feature = "plot")]
    let cases = cases.into_iter().chain([picture]);
    for (signal, args) in cases {
        interrupted(folder.path(), signal, args);
        assert!(fs::read(file).unwrap() == before, "{args:?}");
        assert_eq!(fs::read_to_string(new).unwrap(), "in the way", "{args:?}");
    }
}
