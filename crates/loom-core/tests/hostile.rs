//! Damaged files give values or errors: no panic, no hang, no memory that the file did not earn.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use loom_core::{
    Aggregate, Array, Axis, Combine, Connect, DType, Error, Fill, Format, LoomConnection,
    LoomValidator, LoomView, Matrix, Mode, Result, Stat, Strictness,
    h5lite::{DatasetOptions, File, FindingKind},
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

/// The call returned, and quickly: what it says is its own affair, but for memory that ran out.
fn quick<T>(call: &str, result: impl FnOnce() -> Result<T>) {
    let start = Instant::now();
    if let Err(error) = result() {
        assert!(!error.to_string().is_empty());
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{call} took {took:?}");
}

/// All that changes a file or makes one of it, each call on the file as it was.
fn change(path: &Path) {
    let folder = path.parent().unwrap();
    let (out, copy) = (folder.join("out.loom"), folder.join("copy.loom"));
    let demo = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo.loom");
    let open = |path: &Path, mode| Connect::new().mode(mode).validate(false).open(path);
    let ds = open(path, Mode::Read).unwrap();
    let shape = ds.shape();
    let changed = |call: &str, change: &dyn Fn(&mut LoomConnection) -> Result<()>| {
        fs::copy(path, &copy).unwrap();
        let mut ds = open(&copy, Mode::ReadWrite).unwrap();
        quick(call, || change(&mut ds));
        let context = format!("{call} of {shape:?}");
        let mut findings = ds.file().check();
        let fine = [FindingKind::Unreachable, FindingKind::Unchecked];
        findings.retain(|finding| !fine.contains(&finding.kind));
        assert!(findings.is_empty(), "{context}: {findings:?}");
    };
    quick("validate", || {
        Ok(LoomValidator::new().check(ds.file(), Strictness::Conventions))
    });
    quick("html", || ds.to_html());
    quick("export", || ds.export(&mut io::sink(), "", Format::Tab));
    quick("view", || ds.view(0..0, ..));
    for axis in Axis::BOTH {
        quick("categories", || ds.axis_attrs(axis).categories("id"));
        quick("summaries", || {
            ds.layer("")?.summaries(axis, &[(..).into(), (0..0).into()])
        });
        quick("split", || {
            ds.subset().split(axis, "id", |value| folder.join(value))
        });
        quick("combine", || {
            Combine::new([path, path])
                .axis(axis)
                .validate(false)
                .write(&out)
        });
        quick("combine by key", || {
            (Combine::new([&demo, path])
                .axis(axis)
                .key("id")
                .validate(false))
            .write(&out)
        });
        changed("permute", &|ds| ds.permute(axis, &[1, 0]));
        changed("permute one", &|ds| ds.permute(axis, &[0]));
        changed("insert", &|ds| {
            ds.axis_attrs_mut(axis).insert("x", vec![1, 2])
        });
        changed("rename", &|ds| ds.axis_attrs_mut(axis).rename("id", "x"));
        changed("remove", &|ds| ds.axis_attrs_mut(axis).remove("id"));
    }
    quick("subset", || ds.subset().rows(..0).write(&out));
    quick("subset of all", || ds.subset().write(&out));
    let groups = Array::from(vec![0_i64, 1]);
    quick("aggregate", || ds.aggregate(&Aggregate::by("id")));
    quick("aggregate by list", || {
        ds.aggregate_into(&out, &Aggregate::by(groups.clone()))
    });
    changed("zeros", &|ds| ds.layers_mut().insert("x", DType::F32));
    changed("matrix", &|ds| {
        (ds.layers_mut()).insert("", Matrix::from(ndarray::arr2(&[[1.0]])))
    });
    changed("add_columns", &|ds| {
        let data = LoomView::default();
        ds.add_columns(&data, &Fill::Auto).map(drop)
    });
    let add = loom_core::AddLoom::new().validate(false).fill(Fill::Auto);
    changed("add_loom", &|ds| ds.add_loom(path, &add).map(drop));
    changed("add_loom of a sound one", &|ds| {
        ds.add_loom(&demo, &add).map(drop)
    });
    fs::copy(&demo, &copy).unwrap();
    let mut ds = open(&copy, Mode::ReadWrite).unwrap();
    quick("add_loom to a sound one", || ds.add_loom(path, &add));
}

/// Shapes that nothing but the file's say-so stands behind: one axis is endless, and the other has
/// nothing, or one chunk's width of values that were never written.
#[test]
fn shapes_that_only_the_file_states() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stated.loom");
    let endless = 1 << 56;
    for (rows, cols) in [
        (endless, 0),
        (0, endless),
        (endless, 1),
        (1, endless),
        (endless, endless),
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
        change(&path);
    }
}
