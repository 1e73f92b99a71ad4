//! The inner loops, in memory and on one thread: chunks encoded and written, chunks read and decoded,
//! and what is done with the values of a whole matrix.
//!
//! `cargo bench -p loom-bench`

use divan::{Bencher, counter::BytesCount};
use h5lite::{Array, DatasetOptions, File, Selection, Threads};
use loom_core::{Axis, LoomConnection, Stat};
use ndarray::Array2;

const SHAPE: (usize, usize) = (1024, 1024);

const FILTERS: [&str; 3] = ["deflate", "shuffle", "fletcher32"];

fn main() {
    divan::main();
}

/// Counts as of single cells: nine of ten are zero, and small ones are most of the others.
fn counts() -> Array2<f32> {
    let mut state = 1_u64;
    Array2::from_shape_simple_fn(SHAPE, || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let random = state >> 33;
        if random.is_multiple_of(10) {
            (random / 10 % 1024).leading_zeros() as f32 - 53.0
        } else {
            0.0
        }
    })
}

fn options(filter: &str) -> DatasetOptions {
    let options = DatasetOptions::chunked(&[64, 64]);
    match filter {
        "shuffle" => options.shuffle().deflate(2),
        "fletcher32" => options.deflate(2).fletcher32(),
        _ => options.deflate(2),
    }
}

fn file(filter: &str) -> File {
    let mut file = File::create_in_memory().expect("memory");
    let mut edit = file.edit().expect("it can be changed");
    for group in [
        "/row_attrs",
        "/col_attrs",
        "/layers",
        "/row_graphs",
        "/col_graphs",
    ] {
        edit.create_group(group).expect("a new name");
    }
    let values = Array::from(counts());
    edit.write("/matrix", &values, &options(filter))
        .expect("numbers");
    edit.commit().expect("memory");
    let bytes = file.into_bytes().expect("it is in memory");
    let one = File::options().threads(Threads::ONE);
    one.from_bytes_rw(bytes).expect("what was written")
}

fn bytes() -> BytesCount {
    BytesCount::of_many::<f32>(SHAPE.0 * SHAPE.1)
}

#[divan::bench(args = FILTERS)]
fn write(bencher: Bencher<'_, '_>, filter: &str) {
    let values = Array::from(counts());
    let mut file = file(filter);
    bencher.counter(bytes()).bench_local(|| {
        // It is not committed, so that the file stays as it is.
        let mut edit = file.edit().expect("it can be changed");
        edit.write_at("/matrix", &[], &values).expect("numbers");
    });
}

#[divan::bench(args = FILTERS)]
fn read(bencher: Bencher<'_, '_>, filter: &str) {
    let file = file(filter);
    let matrix = file.dataset("/matrix").expect("it was written");
    let mut out = vec![0_f32; SHAPE.0 * SHAPE.1];
    bencher
        .counter(bytes())
        .bench_local(|| matrix.read_into(&[], &mut out).expect("it is whole"));
}

#[divan::bench(args = [1, 100])]
fn read_rows(bencher: Bencher<'_, '_>, count: usize) {
    let file = file("deflate");
    let matrix = file.dataset("/matrix").expect("it was written");
    let rows: Vec<usize> = (0..count).map(|row| row * 10).collect();
    let selection = [Selection::from(rows), Selection::All];
    bencher.bench_local(|| matrix.read::<f32>(&selection).expect("it is whole"));
}

fn on_matrix<R>(bencher: Bencher<'_, '_>, work: impl Fn(&LoomConnection) -> loom_core::Result<R>) {
    let ds = LoomConnection::from_file(file("deflate")).expect("it has a matrix");
    bencher
        .counter(bytes())
        .bench_local(|| work(&ds).expect("it is whole"));
}

#[divan::bench(args = Axis::BOTH)]
fn sums(bencher: Bencher<'_, '_>, axis: Axis) {
    on_matrix(bencher, |ds| {
        ds.layer("")?.stats(axis, .., &[Stat::Sum, Stat::Nonzeros])
    });
}

#[divan::bench]
fn sparse(bencher: Bencher<'_, '_>) {
    on_matrix(bencher, |ds| ds.sparse::<f32>(.., ..));
}
