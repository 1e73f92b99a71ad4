//! Repacked files: the same content, nothing unreachable, with other filters and chunks too. What
//! h5py and HDF5 1.10 make of them is tested in `tests/oracle/interop_repack.py`.

use std::{fs, path::PathBuf};

use h5lite::{
    Array, Attribute, Class, DType, Dataset, DatasetOptions, Datatype, Error, File, FilterId,
    LinkTarget, Object, RepackOptions, Result,
};
use ndarray::Array2;

#[path = "common/digest.rs"]
mod digest;
use digest::digest;

fn fixtures() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures");
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let wanted = |path: &PathBuf| {
        path.extension()
            .is_some_and(|end| end == "h5" || end == "loom")
    };
    let mut paths: Vec<_> = paths.filter(wanted).collect();
    paths.sort();
    paths
}

#[test]
fn every_fixture_keeps_its_content_and_loses_its_dead_bytes() {
    let (mut refused, mut compared) = (Vec::new(), 0);
    for path in fixtures() {
        let file = File::open(&path).unwrap();
        // Large ones take their time.
        let large = fs::metadata(&path).unwrap().len() > 50_000;
        for options in [
            RepackOptions::new(),
            RepackOptions::new().deflate(9).shuffle(true).chunk(&[7, 5]),
            RepackOptions::new().shuffle(false).chunk(&[11]),
        ]
        .into_iter()
        .take(if large { 1 } else { 3 })
        {
            let bytes = match file.repack_to_bytes(&options) {
                Ok(bytes) => bytes,
                Err(error) if error.is_unsupported() => {
                    refused.push(path.file_name().unwrap().to_owned());
                    break;
                }
                Err(error) => panic!("{}: {error}", path.display()),
            };
            let repacked = File::from_bytes(bytes).unwrap();
            if comparable(&file) {
                let (before, after) = (digest(&file).ok(), digest(&repacked).ok());
                assert_eq!(before, after, "{}, {options:?}", path.display());
                compared += 1;
            }
            let space = repacked.space().unwrap();
            assert_eq!(space.unreachable, 0, "{}: {space:?}", path.display());
            assert_eq!(repacked.user_block_len(), file.user_block_len());
            // Once more, it is the same file.
            let again = repacked.repack_to_bytes(&RepackOptions::new()).unwrap();
            let twice = File::from_bytes(again).unwrap().space().unwrap();
            assert_eq!(twice.total, space.total, "{}", path.display());
        }
    }
    assert!(compared > 100, "{compared}");
    // An attribute of more than 64 KiB, and names that are not UTF-8.
    let expected = [
        "dense-attributes-latest.h5",
        "links-earliest.h5",
        "links-latest.h5",
    ];
    assert_eq!(refused, expected);
}

/// Whether the digest can be compared: it is over stored bytes where those may be addresses.
fn comparable(file: &File) -> bool {
    fn plain(datatype: &Datatype) -> bool {
        match &datatype.class {
            Class::Compound(members) => members
                .iter()
                .all(|m| plain(&m.datatype) && !heap(&m.datatype)),
            Class::Array { base, .. } => plain(base) && !heap(base),
            Class::VariableLength { base, .. } => plain(base) && !heap(base),
            Class::Reference(_) => false,
            _ => true,
        }
    }
    fn heap(datatype: &Datatype) -> bool {
        matches!(datatype.class, Class::VariableLength { .. })
    }
    let mut waiting = vec![file.object("/").unwrap()];
    while let Some(object) = waiting.pop() {
        if !object
            .attributes()
            .unwrap()
            .iter()
            .all(|attribute| plain(attribute.datatype()))
        {
            return false;
        }
        match object {
            Object::Group(group) => {
                for link in group.links().unwrap() {
                    if let LinkTarget::Hard(_) = link.target {
                        waiting.push(group.object(&link.name).unwrap());
                    }
                }
            }
            Object::Dataset(dataset) if !plain(dataset.datatype()) => return false,
            _ => {}
        }
    }
    true
}

#[test]
fn filters_and_chunks_are_as_asked_for() -> Result<()> {
    let mut file = File::create_in_memory()?;
    let number = |(row, column)| u32::try_from(row * 100 + column).unwrap();
    let values = Array2::from_shape_fn((50, 30), number);
    let mut edit = file.edit()?;
    let matrix: Array = values.clone().into_dyn().into();
    let stored = DatasetOptions::chunked(&[8, 8]).fletcher32();
    edit.write("/matrix", &matrix, &stored)?;
    edit.write("/plain", &matrix, &DatasetOptions::contiguous())?;
    let sparse = DatasetOptions::chunked(&[8, 8]);
    edit.create("/sparse", DType::U32, &[50, 30], &sparse)?;
    edit.write_at(
        "/sparse",
        &[vec![3].into(), vec![29].into()],
        &ndarray::arr2(&[[7_u32]]).into_dyn().into(),
    )?;
    edit.commit()?;
    let options = RepackOptions::new()
        .deflate(3)
        .shuffle(true)
        .chunk(&[20, 100]);
    let file = File::from_bytes(file.repack_to_bytes(&options)?)?;
    for path in ["/matrix", "/plain"] {
        assert_eq!(
            file.dataset(path)?.read::<u32>(&[])?,
            values.clone().into_dyn(),
            "{path}"
        );
    }
    let matrix = file.dataset("/matrix")?;
    // An axis that is shorter than a chunk has a chunk as long as itself.
    assert_eq!(matrix.chunk_shape(), Some(&[20, 30][..]));
    let filters: Vec<_> = matrix.filters().iter().map(|filter| filter.id).collect();
    assert_eq!(
        filters,
        [FilterId::SHUFFLE, FilterId::DEFLATE, FilterId::FLETCHER32]
    );
    assert_eq!(matrix.filters()[0].parameters, [4]);
    assert!(file.dataset("/plain")?.chunk_shape().is_none());
    let sparse = file.dataset("/sparse")?.read::<u32>(&[])?;
    assert_eq!((sparse[[3, 29]], sparse.sum()), (7, 7));
    let mut chunks = 0;
    file.each_extent(&mut |path, extent| {
        chunks += u32::from(path == "/sparse" && extent.structure == "chunk");
        Ok(())
    })?;
    assert_eq!(chunks, 1, "what was never written stays so");
    Ok(())
}

#[test]
fn names_of_one_object_stay_names_of_one_object() {
    let mut hard = 0;
    for path in fixtures() {
        let file = File::open(&path).unwrap();
        let Ok(bytes) = file.repack_to_bytes(&RepackOptions::new()) else {
            continue;
        };
        let repacked = File::from_bytes(bytes).unwrap();
        let (before, after) = (names(&file), names(&repacked));
        assert_eq!(before, after, "{}", path.display());
        hard += before.iter().filter(|(name, first)| name != first).count();
    }
    assert!(hard > 0, "no fixture has an object of two names");
}

/// Every path, and the first path of the object it leads to.
fn names(file: &File) -> Vec<(String, String)> {
    let mut first: Vec<(h5lite::Address, String)> = Vec::new();
    let mut all = Vec::new();
    let mut waiting = vec![file.object("/").unwrap()];
    while let Some(object) = waiting.pop() {
        let (path, address) = (object.path().to_owned(), object.address());
        if let Some((_, known)) = first.iter().find(|(known, _)| *known == address) {
            all.push((path, known.clone()));
            continue;
        }
        all.push((path.clone(), path.clone()));
        first.push((address, path.clone()));
        if let Object::Group(group) = object {
            for link in group.links().unwrap() {
                if let LinkTarget::Hard(_) = link.target {
                    waiting.push(group.object(&link.name).unwrap());
                }
            }
        }
    }
    all
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells.loom");
    fs::copy(
        fixtures()
            .iter()
            .find(|path| path.ends_with("demo.loom"))
            .unwrap(),
        &path,
    )
    .unwrap();
    let mut file = File::open_rw(&path).unwrap();
    let mut edit = file.edit().unwrap();
    edit.remove("/matrix").unwrap();
    edit.commit().unwrap();
    let before = (file.space().unwrap(), digest(&file).unwrap());
    let refused = File::repack_in_place(&path, &RepackOptions::new()).unwrap_err();
    assert!(
        matches!(refused.root_cause(), Error::Locked(_)),
        "{refused}"
    );
    drop(file);
    File::repack_in_place(&path, &RepackOptions::new()).unwrap();
    let file = File::open(&path).unwrap();
    let after = file.space().unwrap();
    assert_eq!((after.unreachable, digest(&file).unwrap()), (0, before.1));
    assert!(after.total + before.0.unreachable <= before.0.total + 4096);
    let nowhere = folder.path().join("no folder").join("x.h5");
    let error = file.repack(&nowhere, &RepackOptions::new()).unwrap_err();
    assert!(error.to_string().contains("no folder"), "{error}");
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 1, "a temporary file was left behind");
}
