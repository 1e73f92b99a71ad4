//! Operations on all of a file: `map`, `permute`, `scan`.

use crate::*;

#[test]
fn map() -> Result<()> {
    let (_folder, ds) = file()?;
    let mut mean = |cell: ArrayView1<'_, f64>| cell.sum() / cell.len() as f64;
    let mut std = |cell: ArrayView1<'_, f64>| cell.std(0.0);
    let results = ds.map(Axis::Cols, &mut [&mut mean, &mut std])?;
    assert_eq!(results[0], arr1(&[15.0, 16.0, 17.0, 18.0, 19.0]));
    assert!(
        results[1]
            .iter()
            .all(|x| (x - 125.0_f64.sqrt()).abs() < 1e-12)
    );
    Ok(())
}

#[test]
fn permute() -> Result<()> {
    let (_folder, mut ds) = file()?;
    let order = [4, 0, 3, 1, 2];
    ds.permute(Axis::Cols, &order)?;
    assert_eq!(ds.read::<i32>(.., ..)?, counts(0).select(Along(1), &order));
    let cells = ds.ca().get::<String>("CellID")?;
    assert_eq!(
        cells.to_vec(),
        ["cell4", "cell0", "cell3", "cell1", "cell2"]
    );
    Ok(())
}

#[test]
fn scan() -> Result<()> {
    let (_folder, ds) = file()?;
    let mut seen = Vec::new();
    for batch in ds.scan(Axis::Cols).batch_size(2) {
        let batch = batch?;
        let part = counts(0).select(Along(1), &batch.indices);
        assert_eq!(batch.view.layers[""], part.into());
        seen.push((batch.start, batch.indices));
    }
    assert_eq!(seen, [(0, vec![0, 1]), (2, vec![2, 3]), (4, vec![4])]);
    Ok(())
}

#[test]
fn scan_some_of_the_columns() -> Result<()> {
    let (_folder, ds) = file()?;
    let mut seen = Vec::new();
    for batch in ds.scan(Axis::Cols).items(vec![1, 3, 4]).batch_size(3) {
        let batch = batch?;
        let part = counts(0).select(Along(1), &batch.indices);
        assert_eq!(batch.view.layers[""], part.into());
        seen.push(batch.indices);
    }
    assert_eq!(seen, [vec![1], vec![3, 4]]);
    Ok(())
}
