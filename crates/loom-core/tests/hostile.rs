//! Damaged files give values or errors: no panic, no hang, no memory that the file did not earn.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use loom_core::{Axis, Connect, Stat};

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
