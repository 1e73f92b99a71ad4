//! Why there is no picture.

use std::io;

/// The result of drawing.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are no values that could be drawn.
    #[error("{0}")]
    Nothing(String),
    /// What should be one for each cell is not as long as the rest.
    #[error("{name} has {length} values for {cells} cells")]
    Length {
        /// What it is.
        name: String,
        /// How many values it has.
        length: usize,
        /// How many there should be.
        cells: usize,
    },
    /// Values are so far apart that their distance is no number.
    #[error("{name} reaches from {low:e} to {high:e}, which is too far to draw")]
    Range {
        /// What the values are called.
        name: String,
        /// The lowest.
        low: f64,
        /// The highest.
        high: f64,
    },
    /// Logarithms were asked for of negative values.
    #[error("{name} has negative values, the lowest {low}: they have no logarithm")]
    Negative {
        /// What the values are called.
        name: String,
        /// The lowest.
        low: f64,
    },
    /// The page leaves no room for what is on it.
    #[error("a picture of {width} x {height} has no room for it: at least {least}")]
    Room {
        /// How wide the page is.
        width: f64,
        /// How high it is.
        height: f64,
        /// How large it has to be.
        least: &'static str,
    },
    /// The picture would have no pixels, or too many.
    #[error("a picture of {wide} x {high} pixels: it has to have 1 to 50 million")]
    Pixels {
        /// Pixels in a line.
        wide: f64,
        /// Lines.
        high: f64,
    },
    /// The picture cannot be written.
    #[error("cannot write the picture: {0}")]
    Output(io::Error),
}
