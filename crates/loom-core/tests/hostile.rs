//! Damaged files give values or errors: no panic, no hang, no memory that the file did not earn.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use loom_core::{
    Aggregate, Array, Axis, Combine, Connect, DType, Error, Fill, Format, LoomConnection,
    LoomValidator, Mode, Result, Stat, Strictness,
    h5lite::{DatasetOptions, File},
};

/// Calls everything. That it returns is the assertion.
fn exercise(bytes: Vec<u8>) {
    let Ok(ds) = Connect::new().validate(false).bytes(bytes) else {
        return;
    };
    for axis in Axis::BOTH {
        let (attrs, graphs) = (ds.axis_attrs(axis), ds.axis_graphs(axis));
        attrs.iter().into_iter().flatten().for_each(drop);
        graphs.iter().into_iter().flatten().for_each(drop);
        let _ = (attrs.last_modified(), graphs.last_modified());
        let names = attrs.keys().unwrap_or_default();
        let _ = attrs.stack(&names.iter().map(String::as_str).collect::<Vec<_>>());
        ds.scan(axis).into_iter().take(100).for_each(drop);
    }
    ds.attrs().iter().into_iter().flatten().for_each(drop);
    for layer in ds.layers().iter().into_iter().flatten().flatten() {
        let _ = (layer.read_any(.., ..), layer.sparse::<f64>(.., ..));
        let _ = layer.sparse::<f64>(vec![5, 3, 3], ..);
        for axis in Axis::BOTH {
            let _ = layer.stats(axis, .., &[Stat::Variance, Stat::Min]);
            let _ = layer.map::<f64>(axis, .., &mut [&mut |lane| lane.sum()]);
        }
    }
    let _ = (ds.view(.., ..), ds.view(vec![4, 2, 4], 3..7));
    let _ = (
        ds.last_modified(),
        ds.get_changes_since("2026"),
        ds.warnings(),
    );
}

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    fs::read(path.join(name)).unwrap()
}

/// Numbers that look random and are the same every time (`SplitMix64`).
fn random(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((z ^ (z >> 31)) >> 32).unwrap()
}

#[test]
fn flipped_bytes() {
    let mut state = 1;
    for name in ["loompy2.loom", "scope-json.loom", "unversioned.loom"] {
        let whole = fixture(name);
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..=random(&mut state) % 3 {
                let at = random(&mut state) % bytes.len();
                bytes[at] = u8::try_from(random(&mut state) % 256).unwrap();
            }
            let start = Instant::now();
            exercise(bytes);
            // Some thirty calls, each of which the default limits keep to a few seconds.
            assert!(start.elapsed() < Duration::from_secs(60), "{name}");
        }
    }
}

#[test]
fn truncated_files() {
    let whole = fixture("unversioned.loom");
    for length in (0..whole.len()).step_by(97) {
        exercise(whole[..length].to_vec());
    }
}

/// The call returned, and quickly: what it says is its own affair.
fn quick<T>(call: &str, result: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = result();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{call} took {took:?}");
    result
}

/// The call was refused, for what the file would make it take.
fn refused<T>(call: &str, shape: (usize, usize), result: impl FnOnce() -> Result<T>) {
    match quick(call, result) {
        Err(error) if error.to_string().contains("over the limit") => {}
        Err(error) => panic!("{call} of {shape:?}: {error}"),
        Ok(_) => panic!("{call} of {shape:?} went through"),
    }
}

/// What takes something for each position of an axis, or each value.
fn take_everything(path: &Path) {
    let folder = path.parent().unwrap();
    let (out, copy) = (folder.join("out.loom"), folder.join("copy.loom"));
    let demo = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo.loom");
    let open = |path: &Path, mode| Connect::new().mode(mode).validate(false).open(path);
    let ds = open(path, Mode::Read).unwrap();
    let shape = ds.shape();
    let refused = |call: &str, take: &dyn Fn() -> Result<()>| refused(call, shape, take);
    refused("export", &|| ds.export(&mut io::sink(), "", Format::Tab));
    refused("view", &|| ds.view(.., ..).map(drop));
    refused("view of nothing", &|| ds.view(0..0, 0..0).map(drop));
    refused("subset", &|| ds.subset().write(&out));
    refused("aggregate", &|| {
        let groups = Array::from(vec![0_i64, 1]);
        ds.aggregate(&Aggregate::by(groups)).map(drop)
    });
    for axis in Axis::BOTH {
        refused("scan", &|| ds.scan(axis).each(|_| Ok::<(), Error>(())));
        refused("summaries", &|| {
            ds.layer("")?.summaries(axis, &[(..).into()]).map(drop)
        });
        refused("combine", &|| {
            let both = Combine::new([path, path]).axis(axis).validate(false);
            both.write(&out).map(drop)
        });
        if axis.of(shape) > 1 {
            refused("categories", &|| {
                ds.axis_attrs(axis).categories("id").map(drop)
            });
            refused("attribute", &|| ds.axis_attrs(axis).get_any("id").map(drop));
        }
    }
    let change = |call: &str, change: &dyn Fn(&mut LoomConnection) -> Result<()>| {
        fs::copy(path, &copy).unwrap();
        let mut ds = open(&copy, Mode::ReadWrite).unwrap();
        let result = quick(call, || change(&mut ds));
        assert_eq!(fs::read(&copy).unwrap(), fs::read(path).unwrap(), "{call}");
        result
    };
    for axis in Axis::BOTH {
        if axis.of(shape) == 1 {
            refused("permute", &|| {
                change("permute", &|ds| ds.permute(axis, &[0]))
            });
        }
    }
    let add = loom_core::AddLoom::new().validate(false).fill(Fill::Auto);
    let add_loom = |other: &Path| change("add_loom", &|ds| ds.add_loom(other, &add).map(drop));
    refused("add_loom", &|| add_loom(path));
    refused("add_loom of a sound one", &|| add_loom(&demo));
    refused("add_loom to a sound one", &|| {
        fs::copy(&demo, &copy).unwrap();
        open(&copy, Mode::ReadWrite)?.add_loom(path, &add).map(drop)
    });
    // What does not follow the shape is done.
    let _ = LoomValidator::new().check(ds.file(), Strictness::Conventions);
    for axis in Axis::BOTH.into_iter().filter(|axis| axis.of(shape) > 1) {
        fs::copy(path, &copy).unwrap();
        let mut changed = open(&copy, Mode::ReadWrite).unwrap();
        changed.axis_attrs_mut(axis).rename("id", "name").unwrap();
        changed.axis_attrs_mut(axis).remove("name").unwrap();
    }
}

/// Shapes that nothing but the file's say-so stands behind: one axis is endless, and the other has
/// nothing, or one chunk's width of values that were never written.
#[test]
#[cfg(target_pointer_width = "64")]
fn shapes_that_only_the_file_states() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stated.loom");
    let endless = 1 << 56;
    for (rows, cols) in [
        (endless, 0),
        (0, endless),
        (endless, 1),
        (1, endless),
        (1 << 28, 0),
    ] {
        File::create(&path, |edit| -> Result<(), Error> {
            let id = DatasetOptions::chunked(&[64]);
            for (path, length) in [("/row_attrs/id", rows), ("/col_attrs/id", cols)] {
                if length > 64 {
                    edit.create(path, DType::I64, &[length], &id)?;
                }
            }
            let matrix = match rows.min(cols) {
                0 => DatasetOptions::contiguous(),
                _ => DatasetOptions::chunked(&[rows.min(64), cols.min(64)]),
            };
            edit.create("/matrix", DType::F32, &[rows, cols], &matrix)?;
            Ok(())
        })
        .unwrap();
        exercise(fs::read(&path).unwrap());
        take_everything(&path);
    }
}
