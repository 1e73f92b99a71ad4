//! Large data in pieces that fit into memory.

use crate::value::Selection;

/// Boxes of about `budget` bytes that cover an array of this shape, each made of whole boxes of
/// shape `unit` but at the upper edges; in C order. An array without axes is one box.
pub(crate) fn tiles(
    shape: &[usize],
    unit: &[usize],
    element: usize,
    budget: usize,
) -> impl Iterator<Item = Vec<Selection>> {
    let mut tile: Vec<usize> = unit.to_vec();
    let bytes = |tile: &[usize]| {
        let product = tile
            .iter()
            .fold(1, |bytes: usize, &n| bytes.saturating_mul(n));
        product.saturating_mul(element.max(1)).max(1)
    };
    // The last axis first: what lies side by side is read together.
    for axis in (0..tile.len()).rev() {
        let wanted = shape[axis].div_ceil(unit[axis].max(1)).max(1);
        let more = (budget / bytes(&tile)).clamp(1, wanted);
        tile[axis] = unit[axis].max(1).saturating_mul(more);
        if more < wanted {
            break;
        }
    }
    let shape = shape.to_vec();
    let mut next = (!shape.contains(&0)).then(|| vec![0; shape.len()]);
    std::iter::from_fn(move || {
        let at = next.take()?;
        let axes = at.iter().zip(&tile).zip(&shape);
        let selections = axes.map(|((&start, &len), &end)| Selection::Range {
            start,
            end: Some(start.saturating_add(len).min(end)),
            step: 1,
        });
        let selections = selections.collect();
        let mut ahead = at;
        for axis in (0..ahead.len()).rev() {
            ahead[axis] = ahead[axis].saturating_add(tile[axis]);
            if ahead[axis] < shape[axis] {
                next = Some(ahead);
                break;
            }
            ahead[axis] = 0;
        }
        Some(selections)
    })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn every_position_is_in_one_tile(
            axes in vec((0_usize..20, 1_usize..7), 0..4), element in 1_usize..9, budget in 1_usize..400,
        ) {
            let (shape, unit): (Vec<_>, Vec<_>) = axes.into_iter().unzip();
            let smallest = unit.iter().product::<usize>() * element;
            let mut covered = 0;
            for tile in tiles(&shape, &unit, element, budget) {
                let mut count = 1;
                for ((axis, selection), unit) in tile.iter().enumerate().zip(&unit) {
                    let Selection::Range { start, end: Some(end), step: 1 } = selection else {
                        return Err(TestCaseError::fail(format!("{selection:?}")));
                    };
                    prop_assert!(start < end && *end <= shape[axis] && start.is_multiple_of(*unit));
                    count *= end - start;
                }
                prop_assert!(count * element <= budget.max(smallest));
                covered += count;
            }
            prop_assert_eq!(covered, shape.iter().product::<usize>());
        }
    }
}
