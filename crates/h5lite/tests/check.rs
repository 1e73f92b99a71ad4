//! The check of a whole file and the recovery of a damaged one: everything wrong is found, and what
//! is not wrong is not lost.

use std::{fs, path::PathBuf};

use h5lite::{DatasetOptions, File, Finding, FindingKind, Watch};
use ndarray::Array2;

fn fixtures() -> impl Iterator<Item = PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures");
    let paths = fs::read_dir(folder).unwrap();
    paths.map(|entry| entry.unwrap().path()).filter(|path| {
        let extension = path.extension();
        let name = path.file_name().unwrap().to_str().unwrap();
        // 140,000 chunks each, which take an unoptimised program many seconds.
        let long = name.starts_with("fixed-array") || name.starts_with("extensible-array");
        !long && extension.is_some_and(|extension| extension == "h5" || extension == "loom")
    })
}

fn values(seed: u16) -> Array2<u16> {
    let value = |(i, j)| u16::try_from(i * 31 + j * 7).unwrap().wrapping_mul(seed);
    Array2::from_shape_fn((12, 10), value)
}

/// Two datasets in chunks with a checksum, one in a run of bytes, an attribute.
fn sound() -> Vec<u8> {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let summed = DatasetOptions::chunked(&[4, 5]).fletcher32();
    let deflated = DatasetOptions::chunked(&[6, 10]).deflate(4);
    for (path, seed, options) in [
        ("/g/summed", 3, &summed),
        ("/g/deflated", 5, &deflated),
        ("/plain", 7, &DatasetOptions::contiguous()),
    ] {
        let array = values(seed).into_dyn().into();
        edit.write(path, &array, options).unwrap();
    }
    edit.set_attribute("/plain", "unit", &"mm".into()).unwrap();
    edit.soft_link("/nowhere", "/not/there").unwrap();
    edit.commit().unwrap();
    file.into_bytes().unwrap()
}

/// Where the data of a dataset that is stored as it is starts.
fn place(bytes: &[u8], seed: u16, row: usize) -> usize {
    let values = values(seed);
    let wanted: Vec<u8> = values
        .row(row)
        .iter()
        .take(5)
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let mut places = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(&wanted));
    places.next().expect("the values")
}

fn kinds(findings: &[Finding]) -> Vec<(FindingKind, &str)> {
    let of = |finding: &'_ Finding| finding.kind.is_problem();
    findings
        .iter()
        .filter(|finding| of(finding))
        .map(|finding| (finding.kind, finding.path.as_str()))
        .collect()
}

#[test]
fn nothing_is_damaged_in_files_that_libraries_wrote() {
    for path in fixtures() {
        let findings = File::open(&path).unwrap().check();
        let bad = |finding: &&Finding| {
            matches!(finding.kind, FindingKind::Damaged | FindingKind::Overlap)
        };
        let bad: Vec<&Finding> = findings.iter().filter(bad).collect();
        assert!(bad.is_empty(), "{}: {bad:?}", path.display());
    }
}

#[test]
fn every_chunk_that_fails_its_checksum_is_found() {
    use FindingKind::{Damaged, Dangling};
    let clean = sound();
    let findings = File::from_bytes(clean.clone()).unwrap().check();
    assert_eq!(kinds(&findings), [(Dangling, "/nowhere")]);
    let mut bytes = clean;
    let (first, second) = (place(&bytes, 3, 0), place(&bytes, 3, 8));
    bytes[first] ^= 1;
    bytes[second + 3] ^= 0x10;
    let findings = File::from_bytes(bytes).unwrap().check();
    let expected = [
        (Damaged, "/g/summed"),
        (Damaged, "/g/summed"),
        (Dangling, "/nowhere"),
    ];
    let mut found = kinds(&findings);
    found.sort_by_key(|(kind, _)| *kind);
    assert_eq!(found, expected);
    let addresses: Vec<usize> = (findings.iter())
        .filter(|finding| finding.kind == Damaged)
        .map(|finding| usize::try_from(finding.address.unwrap().0).unwrap())
        .collect();
    assert_eq!(
        addresses,
        [first, second],
        "the chunks, each at its address"
    );
}

#[test]
fn data_that_lies_over_other_data_is_found() {
    let mut bytes = sound();
    let (own, other) = (place(&bytes, 7, 0), place(&bytes, 3, 0));
    // The layout message: where it is, and how long.
    let layout = [(own as u64).to_le_bytes(), 240_u64.to_le_bytes()].concat();
    let mut places = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(&layout));
    let at = places.next().expect("the layout message");
    bytes[at..at + 8].copy_from_slice(&(other as u64).to_le_bytes());
    let findings = File::from_bytes(bytes).unwrap().check();
    let overlap = findings
        .iter()
        .find(|finding| finding.kind == FindingKind::Overlap);
    let overlap = overlap.unwrap_or_else(|| panic!("{findings:?}"));
    assert!(overlap.reason.contains("lies over"), "{overlap}");
    let unreachable = |finding: &Finding| finding.kind == FindingKind::Unreachable;
    assert!(findings.iter().any(unreachable), "its own bytes are lost");
}

fn recover(bytes: &[u8]) -> (File, Vec<Finding>) {
    let damaged = File::options().from_damaged_bytes(bytes).unwrap();
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let lost = damaged.recover_into(&mut edit, &Watch::default()).unwrap();
    edit.commit().unwrap();
    (file, lost)
}

fn read(file: &File, path: &str) -> Array2<u16> {
    let values = file.dataset(path).unwrap().read::<u16>(&[]).unwrap();
    values.into_dimensionality().unwrap()
}

#[test]
fn a_chunk_that_is_broken_is_all_that_is_lost() {
    let mut bytes = sound();
    let broken = place(&bytes, 3, 4);
    bytes[broken] ^= 1;
    let (file, lost) = recover(&bytes);
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!(
        (lost[0].path.as_str(), lost[0].kind),
        ("/g/summed", FindingKind::Damaged)
    );
    assert_eq!(read(&file, "/g/deflated"), values(5));
    assert_eq!(read(&file, "/plain"), values(7));
    let mut expected = values(3);
    expected.slice_mut(ndarray::s![4..8, ..5]).fill(0);
    assert_eq!(read(&file, "/g/summed"), expected);
    let unit = file.dataset("/plain").unwrap().attribute("unit").unwrap();
    assert_eq!(unit.read::<String>().unwrap()[[]], "mm");
}

#[test]
fn a_file_that_was_cut_off_keeps_what_stands_in_front() {
    let clean = sound();
    let whole = recover(&clean);
    assert!(whole.1.is_empty(), "{:?}", whole.1);
    // The root comes last here, as an edit leaves it: a cut loses the way to everything.
    assert!(
        File::options()
            .from_damaged_bytes(&clean[..clean.len() - 20])
            .is_ok()
    );
    for len in (0..clean.len()).step_by(37) {
        let Ok(damaged) = File::options().from_damaged_bytes(&clean[..len]) else {
            continue;
        };
        let mut file = File::create_in_memory().unwrap();
        let mut edit = file.edit().unwrap();
        let lost = damaged.recover_into(&mut edit, &Watch::default()).unwrap();
        edit.commit().unwrap();
        if lost.is_empty() {
            assert_eq!(read(&file, "/g/summed"), values(3), "{len}");
            assert_eq!(read(&file, "/plain"), values(7), "{len}");
        }
    }
    // A library writes the root first: what the cut did not reach is there.
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/loompy3.loom");
    let clean = fs::read(fixture).unwrap();
    let original = File::from_bytes(clean.clone()).unwrap();
    assert!(
        File::from_bytes(&clean[..clean.len() - 3000]).is_err(),
        "h5lite refuses it"
    );
    let (file, lost) = recover(&clean[..clean.len() - 3000]);
    assert!(!lost.is_empty());
    let matrix = |file: &File| file.dataset("/matrix").unwrap().read_bytes(&[]).unwrap();
    assert_eq!(matrix(&file), matrix(&original));
}

#[test]
fn a_superblock_that_fails_its_checksum_is_read_all_the_same() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/h5py-latest.h5");
    let mut bytes = fs::read(fixture).unwrap();
    // The checksum of a version 2 or 3 superblock.
    bytes[44] ^= 0xff;
    assert!(File::from_bytes(bytes.clone()).unwrap_err().is_corrupt());
    let (file, _) = recover(&bytes);
    assert!(!file.root().unwrap().is_empty().unwrap());
}
