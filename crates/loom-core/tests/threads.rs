//! What comes out depends neither on how many threads work nor on how the file is read.

use loom_core::{
    Aggregate, Array, Axis, Coo, LoomConnection, Result, Selection, Stat, Summary,
    h5lite::{File, Threads},
};
use ndarray::Array1;

const FILE: &str = "../../fixtures/demo.loom";

/// Everything that is shared out among threads.
#[derive(Debug, PartialEq)]
struct Answers {
    blocks: Vec<Array>,
    stats: Vec<Vec<Array1<f64>>>,
    summaries: Vec<Vec<Summary>>,
    sparse: Coo<f64>,
    means: Option<Array>,
    batches: Vec<Array>,
    text: Vec<u8>,
}

impl Answers {
    fn of(ds: &LoomConnection) -> Result<Self> {
        let matrix = ds.layer("")?;
        let (rows, cols) = ds.shape();
        let some = |length: usize| (0..length).rev().step_by(7).collect::<Vec<_>>();
        let every = [Stat::Sum, Stat::Variance, Stat::Nonzeros, Stat::Min];
        let mut text = Vec::new();
        ds.export(&mut text, "", loom_core::Format::Tab)?;
        Ok(Self {
            blocks: vec![
                matrix.read_any(.., ..)?,
                matrix.read_any(.., some(cols))?,
                matrix.read_any(some(rows), ..)?,
                matrix.read_any(some(rows), some(cols))?,
            ],
            stats: vec![
                matrix.stats(Axis::Rows, .., &every)?,
                matrix.stats(Axis::Cols, some(rows), &every)?,
            ],
            summaries: matrix.summaries(Axis::Rows, &[Selection::All, some(cols).into()])?,
            sparse: ds.sparse(some(rows), ..)?,
            means: (ds.aggregate(&Aggregate::by("Clusters"))?.layers).remove(""),
            batches: Axis::BOTH
                .into_iter()
                .flat_map(|axis| ds.scan(axis).batch_size(60))
                .map(|batch| Ok(batch?.view.layers[""].clone()))
                .collect::<Result<_>>()?,
            text,
        })
    }
}

#[test]
fn one_two_or_eight_threads_mapped_or_by_position() {
    let mut all = Vec::new();
    for threads in [1, 2, 8] {
        for positioned in [false, true] {
            let options = File::options().threads(Threads::new(threads).unwrap());
            let file = options.positioned(positioned).open(FILE).unwrap();
            let ds = LoomConnection::from_file(file).unwrap();
            all.push(Answers::of(&ds).unwrap());
        }
    }
    for answers in &all[1..] {
        assert_eq!(*answers, all[0]);
    }
}

#[test]
fn memory_that_is_used_again_holds_nothing_of_before() {
    let ds = loom_core::connect(FILE, loom_core::Mode::Read).unwrap();
    for axis in Axis::BOTH {
        let fresh = ds.scan(axis).batch_size(60);
        let mut again = ds.scan(axis).batch_size(60).into_iter();
        for expected in fresh {
            let batch = again.next().unwrap().unwrap();
            assert_eq!(batch.view, expected.unwrap().view);
            again.recycle(batch);
        }
        assert!(again.next().is_none());
    }
}
