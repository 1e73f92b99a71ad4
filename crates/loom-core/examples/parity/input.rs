//! The parts of questions and calls that are JSON, as values.

use loom_core::{Axis, Selection};
use serde_json::Value;

/// The text at a key of a question; empty where there is none.
pub(crate) fn text<'a>(question: &'a Value, key: &str) -> &'a str {
    question[key].as_str().unwrap_or_default()
}

/// The axis a question is about.
pub(crate) fn axis(question: &Value) -> Axis {
    if question["axis"] == 1 {
        Axis::Cols
    } else {
        Axis::Rows
    }
}

/// The number at a key of a question.
pub(crate) fn number(value: &Value) -> usize {
    value
        .as_u64()
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or_default()
}

/// `null`: everything. `{"range": [start, end, step]}`, `{"indices": [...]}`, `{"mask": [...]}`.
pub(crate) fn selection(value: &Value) -> Selection {
    let list = |key| value[key].as_array();
    if let Some(range) = list("range") {
        return Selection::Range {
            start: number(&range[0]),
            end: Some(number(&range[1])),
            step: number(&range[2]),
        };
    }
    if let Some(mask) = list("mask") {
        let mask: Vec<bool> = mask.iter().map(|keep| keep == true).collect();
        return mask.as_slice().into();
    }
    match list("indices") {
        Some(indices) => indices.iter().map(number).collect::<Vec<_>>().into(),
        None => Selection::All,
    }
}
