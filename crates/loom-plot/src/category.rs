//! Categories of cells: which there are, in which order, in which colours.

use std::{cmp::Ordering, collections::HashMap, hash::Hash};

use crate::color::{MAX_COLORS, Rgb, palette};

/// A category for each cell.
#[derive(Clone, Debug)]
pub struct Categories {
    pub(crate) name: String,
    pub(crate) groups: Vec<Group>,
    /// How many categories are too rare to have a group of their own: they are in the last one.
    pub(crate) others: usize,
    /// The group of each cell; [`MISSING`](Self::MISSING) where it has no category.
    pub(crate) of: Vec<u32>,
}

/// Cells that look alike.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) label: String,
    pub(crate) color: Rgb,
    pub(crate) count: usize,
}

impl Categories {
    /// The group of a cell that has no category.
    pub(crate) const MISSING: u32 = u32::MAX;

    /// The categories of the cells, and what these are called: `label` names a value, `None` is no
    /// category. They come in natural order: numbers by their size, also within text. Where there
    /// are more than [`MAX_COLORS`], the most frequent ones have colours, and the others share grey.
    pub fn new<T: Eq + Hash>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = Option<T>>,
        label: impl Fn(&T) -> String,
    ) -> Self {
        let mut known: HashMap<T, u32> = HashMap::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut of: Vec<u32> = Vec::new();
        for value in values {
            let Some(value) = value else {
                of.push(Self::MISSING);
                continue;
            };
            let next = u32::try_from(counts.len()).unwrap_or(Self::MISSING);
            let number = *known.entry(value).or_insert(next);
            if number == next {
                counts.push(0);
            }
            counts[number as usize] += 1;
            of.push(number);
        }
        let mut found: Vec<(String, u32)> = (known.iter())
            .map(|(value, &number)| (label(value), number))
            .collect();
        drop(known);
        found.sort_by(|a, b| natural(&a.0, &b.0).then(a.1.cmp(&b.1)));
        let mut others = Vec::new();
        if found.len() > MAX_COLORS {
            found.sort_by_key(|(_, number)| std::cmp::Reverse(counts[*number as usize]));
            others = found.split_off(MAX_COLORS);
            found.sort_by(|a, b| natural(&a.0, &b.0).then(a.1.cmp(&b.1)));
        }
        // From the order in which they were met to the one in which they are shown.
        let rest = found.len();
        let mut places = vec![rest; counts.len()];
        let colors = palette(rest);
        let mut groups = Vec::with_capacity(rest + 1);
        for ((label, number), color) in found.into_iter().zip(colors) {
            places[number as usize] = groups.len();
            groups.push(Group {
                label,
                color,
                count: counts[number as usize],
            });
        }
        if !others.is_empty() {
            groups.push(Group {
                label: format!("{} others", others.len()),
                color: Rgb::MISSING,
                count: others.iter().map(|(_, n)| counts[*n as usize]).sum(),
            });
        }
        for number in of.iter_mut().filter(|number| **number != Self::MISSING) {
            let place = places[*number as usize];
            *number = u32::try_from(place).unwrap_or(Self::MISSING);
        }
        Self {
            name: name.into(),
            groups,
            others: others.len(),
            of,
        }
    }

    /// How many cells have no category.
    pub(crate) fn missing(&self) -> usize {
        let missing = |number: &&u32| **number == Self::MISSING;
        self.of.iter().filter(missing).count()
    }

    /// The color of a cell in this group.
    pub(crate) fn color(&self, group: u32) -> Rgb {
        let group = self.groups.get(group as usize);
        group.map_or(Rgb::MISSING, |group| group.color)
    }
}

/// Text with the numbers in it compared by their size: C2 before C10, -1 before 0.
fn natural(a: &str, b: &str) -> Ordering {
    if let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) {
        return a.total_cmp(&b);
    }
    let (mut a, mut b) = (a, b);
    loop {
        let (one, other) = (part(&mut a), part(&mut b));
        let order = match (one, other) {
            ("", "") => return Ordering::Equal,
            (one, other) if starts_number(one) && starts_number(other) => {
                let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
                one.len().cmp(&other.len()).then(one.cmp(other))
            }
            (one, other) => one.cmp(other),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Takes digits, or what is none, off the start.
fn part<'a>(text: &mut &'a str) -> &'a str {
    let digits = starts_number(text);
    let end = text.find(|c: char| c.is_ascii_digit() != digits);
    let (part, rest) = text.split_at(end.unwrap_or(text.len()));
    *text = rest;
    part
}

fn starts_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[&str]) -> Vec<String> {
        let values = values.iter().map(|value| Some((*value).to_owned()));
        let categories = Categories::new("x", values, Clone::clone);
        let groups = categories.groups.into_iter();
        groups.map(|group| group.label).collect()
    }

    #[test]
    fn they_come_in_natural_order() {
        assert_eq!(labels(&["10", "9", "-1", "9"]), ["-1", "9", "10"]);
        assert_eq!(
            labels(&["C10", "C2", "B", "C2b"]),
            ["B", "C2", "C2b", "C10"]
        );
        assert_eq!(labels(&["", "a"]), ["", "a"]);
        assert_eq!(labels(&["a007", "a7", "a08"]).len(), 3);
    }

    #[test]
    fn the_rare_ones_share_grey() {
        let values = (0..100).flat_map(|n| vec![Some(n); 1 + n]);
        let values = values.chain([None, None]);
        let categories = Categories::new("x", values, ToString::to_string);
        assert_eq!(categories.groups.len(), MAX_COLORS + 1);
        assert_eq!(categories.groups[0].label, "52");
        let last = categories.groups.last().unwrap();
        assert_eq!((&last.label[..], last.color), ("52 others", Rgb::MISSING));
        assert_eq!(last.count, (1..=52).sum::<usize>());
        assert_eq!((categories.others, categories.missing()), (52, 2));
        assert_eq!(categories.of[0], 48);
        assert_eq!(categories.of[categories.of.len() - 3], 47);
        assert_eq!(categories.color(Categories::MISSING), Rgb::MISSING);
    }
}
