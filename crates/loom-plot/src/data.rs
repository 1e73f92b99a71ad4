//! What is drawn: plain numbers and categories, one for each cell.

use crate::{
    Error, Result, Scale,
    category::Categories,
    scale::{Axis, plain},
};

/// A page: how large it is, and what stands above.
#[derive(Clone, Debug)]
pub struct Page {
    /// The title.
    pub title: String,
    /// How wide and how high it is, in units of which [`PER_INCH`](crate::PER_INCH) are an inch.
    pub size: (f64, f64),
}

impl Page {
    /// A page of 720 x 540 with this title.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            size: (720.0, 540.0),
        }
    }

    /// Refuses a page without room.
    pub(crate) fn at_least(&self, (wide, high): (f64, f64), least: &'static str) -> Result<()> {
        let (width, height) = self.size;
        match width >= wide && height >= high && width.is_finite() && height.is_finite() {
            true => Ok(()),
            false => Err(Error::Room {
                width,
                height,
                least,
            }),
        }
    }
}

/// A number for each cell; what is not finite counts as missing.
#[derive(Clone, Debug)]
pub struct Numbers {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
    pub(crate) scale: Scale,
}

impl Numbers {
    /// Numbers, and what they are called.
    pub fn new(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self {
            name: name.into(),
            values,
            scale: Scale::Linear,
        }
    }

    /// They are shown on this scale.
    #[must_use]
    pub fn scale(self, scale: Scale) -> Self {
        Self { scale, ..self }
    }

    /// The lowest and the highest of those at which `also` holds.
    ///
    /// # Errors
    /// If there is none, or they cannot be shown on their scale.
    pub(crate) fn range(&self, also: impl Fn(usize) -> bool) -> Result<(f64, f64)> {
        let finite = (self.values.iter().enumerate())
            .filter(|(at, value)| value.is_finite() && also(*at))
            .map(|(_, value)| *value);
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            let (name, cells) = (&self.name, cells(self.values.len()));
            return Err(Error::Nothing(format!(
                "{name} is finite in none of {cells}"
            )));
        }
        let name = || self.name.clone();
        if self.scale == Scale::Log1p && low < 0.0 {
            return Err(Error::Negative { name: name(), low });
        }
        // Room is added at both ends.
        match (high - low).abs() < f64::MAX / 1e10 && low.abs().max(high.abs()) < f64::MAX / 1e10 {
            true => Ok((low, high)),
            false => Err(Error::Range {
                name: name(),
                low,
                high,
            }),
        }
    }

    /// The finite ones, from the lowest to the highest.
    pub(crate) fn sorted(&self) -> Vec<f64> {
        let finite = self.values.iter().filter(|value| value.is_finite());
        let mut sorted: Vec<f64> = finite.copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }

    /// An axis for the values at which `also` holds.
    pub(crate) fn axis(&self, also: impl Fn(usize) -> bool) -> Result<Axis> {
        Ok(Axis::new(self.range(also)?, self.scale))
    }

    /// Refuses another number of values.
    pub(crate) fn check(&self, cells: usize) -> Result<()> {
        check(&self.name, self.values.len(), cells)
    }
}

/// What colours stand for.
#[derive(Clone, Debug)]
pub enum Color {
    /// Nothing: all cells look alike.
    Plain,
    /// A category for each cell. Cells are drawn in a random order, the same every time, so that
    /// none hides another because of its place in the file.
    Categories(Categories),
    /// A number for each cell.
    Numbers {
        /// The numbers.
        numbers: Numbers,
        /// Whether the highest are drawn last, on top of all others, as suits what few cells
        /// express; in a random order otherwise.
        highest_on_top: bool,
    },
}

impl Color {
    /// Refuses another number of values.
    pub(crate) fn check(&self, cells: usize) -> Result<()> {
        match self {
            Self::Plain => Ok(()),
            Self::Categories(categories) => check(&categories.name, categories.of.len(), cells),
            Self::Numbers { numbers, .. } => numbers.check(cells),
        }
    }
}

pub(crate) fn check(name: &str, length: usize, cells: usize) -> Result<()> {
    match length == cells {
        true => Ok(()),
        false => Err(Error::Length {
            name: name.to_owned(),
            length,
            cells,
        }),
    }
}

/// What is said of cells that are not shown, if there are any: those without this.
pub(crate) fn left_out(count: usize, without: &str) -> String {
    match count {
        0 => String::new(),
        _ => format!("{} without {without} not shown", cells(count)),
    }
}

/// `1 cell`, `2,000 cells`.
pub(crate) fn cells(count: usize) -> String {
    let number = plain(count as f64, 0);
    match count {
        1 => "1 cell".to_owned(),
        _ => format!("{number} cells"),
    }
}
