//! `str` of whole arrays: `numpy.array2string` with its default options.

use std::fmt::Write;

use half::f16;
use ndarray::{ArrayViewD, Axis};

use super::{NumpyText, float};

/// Characters in a line, brackets included.
const LINE_WIDTH: usize = 75;
/// Arrays with more elements are summarised.
const THRESHOLD: usize = 1000;
/// Elements shown at either end of an axis in a summary.
const EDGE: usize = 3;
/// Digits after the point.
const PRECISION: usize = 8;

/// An element of a printed array.
pub(super) trait Item: Sized {
    /// The format that suits all of these elements.
    fn formatter(items: &[&Self]) -> impl Formatter<Self>;
}

/// How the elements of one array print.
pub(super) trait Formatter<T> {
    /// One element, padded to the common width.
    fn format(&self, item: &T) -> String;
}

/// `str(array)`.
pub(super) fn text<T: Item>(array: &ArrayViewD<'_, T>) -> String {
    if array.is_empty() {
        return "[]".to_owned();
    }
    let summarise = array.len() > THRESHOLD;
    let mut shown = Vec::new();
    collect(array.view(), summarise, &mut shown);
    let formatter = T::formatter(&shown);
    let format = |item: &T| formatter.format(item);
    Printer {
        summarise,
        format: &format,
    }
    .print(array, 1, LINE_WIDTH)
}

/// The positions of an axis that are shown, and whether some are left out in the middle.
fn positions(length: usize, summarise: bool) -> (Vec<usize>, bool) {
    if summarise && length > 2 * EDGE {
        ((0..EDGE).chain(length - EDGE..length).collect(), true)
    } else {
        ((0..length).collect(), false)
    }
}

/// Every element that is shown.
fn collect<'a, T>(array: ArrayViewD<'a, T>, summarise: bool, shown: &mut Vec<&'a T>) {
    if array.ndim() == 0 {
        shown.extend(array);
        return;
    }
    for at in positions(array.len_of(Axis(0)), summarise).0 {
        collect(array.clone().index_axis_move(Axis(0), at), summarise, shown);
    }
}

struct Printer<'a, T> {
    summarise: bool,
    format: &'a dyn Fn(&T) -> String,
}

impl<T> Printer<'_, T> {
    /// One array in brackets; lines after the first start with `indent` spaces.
    fn print(&self, array: &ArrayViewD<'_, T>, indent: usize, width: usize) -> String {
        let (at, cut) = positions(array.len_of(Axis(0)), self.summarise);
        let mut words: Vec<String> = at
            .into_iter()
            .map(|at| {
                let inner = array.index_axis(Axis(0), at);
                match inner.first() {
                    Some(item) if inner.ndim() == 0 => (self.format)(item),
                    _ => self.print(&inner, indent + 1, width - 1),
                }
            })
            .collect();
        if cut {
            words.insert(EDGE, "...".to_owned());
        }
        if array.ndim() == 1 {
            wrap(&words, indent, width - 1)
        } else {
            let between = format!("{}{}", "\n".repeat(array.ndim() - 1), " ".repeat(indent));
            format!("[{}]", words.join(&between))
        }
    }
}

/// Words with single spaces between, in lines of at most `width` characters.
fn wrap(words: &[String], indent: usize, width: usize) -> String {
    let prefix = " ".repeat(indent);
    let mut done = String::new();
    let mut line = prefix.clone();
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            line.push(' ');
        }
        let length = line.chars().count();
        if length + word.chars().count() > width && length > indent {
            done.push_str(line.trim_end());
            done.push('\n');
            line.clone_from(&prefix);
        }
        line.push_str(word);
    }
    done.push_str(&line);
    format!("[{}]", done.get(indent..).unwrap_or_default())
}

/// Right-aligned to a common width.
struct Integers(usize);

impl<T: NumpyText> Formatter<T> for Integers {
    fn format(&self, item: &T) -> String {
        let mut text = String::new();
        item.push_to(&mut text);
        format!("{text:>0$}", self.0)
    }
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Item for $type {
            fn formatter(items: &[&Self]) -> impl Formatter<Self> {
                let width = |extreme: Option<&&Self>| extreme.map_or(0, |n| n.to_string().len());
                Integers(width(items.iter().max()).max(width(items.iter().min())))
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);

/// Numpy's choice between positional and scientific, and the widths of both parts.
enum Floats {
    Positional {
        left: usize,
        right: usize,
    },
    Scientific {
        left: usize,
        precision: usize,
        exponent: usize,
    },
}

impl Floats {
    fn new<T: float::Float>(items: &[&T]) -> Self {
        let finite: Vec<T> = items
            .iter()
            .filter(|x| x.value().is_finite())
            .map(|x| **x)
            .collect();
        let magnitude = |x: &&T| x.value().abs();
        let nonzero = || finite.iter().filter(|x| x.value() != 0.0);
        let by = |a: &&T, b: &&T| magnitude(a).total_cmp(&magnitude(b));
        let extremes = nonzero().max_by(by).zip(nonzero().min_by(by));
        let is_scientific = extremes.is_some_and(|(max, min)| {
            max.value().abs() >= 1e8
                || min.value().abs() < 1e-4
                || max.quotient(*min).abs() > 1000.0
        });
        let mut this = if is_scientific {
            let parts: Vec<_> = finite
                .iter()
                .map(|x| float::scientific(*x, PRECISION))
                .collect();
            let exponent = |e: i32| float::exponent_text(e, 2).len() - 1;
            Self::Scientific {
                left: parts.iter().map(|p| p.0.len()).max().unwrap_or(0),
                precision: parts.iter().map(|p| p.1.len()).max().unwrap_or(0),
                exponent: parts.iter().map(|p| exponent(p.2)).max().unwrap_or(0),
            }
        } else {
            let parts: Vec<_> = finite
                .iter()
                .map(|x| float::positional(*x, PRECISION))
                .collect();
            Self::Positional {
                left: parts.iter().map(|p| p.0.len()).max().unwrap_or(0),
                right: parts.iter().map(|p| p.1.len()).max().unwrap_or(0),
            }
        };
        if finite.len() < items.len() {
            let negative = items.iter().any(|x| x.value() == f64::NEG_INFINITY);
            let wanted = (3 + usize::from(negative)).saturating_sub(this.right() + 1);
            let (Self::Positional { left, .. } | Self::Scientific { left, .. }) = &mut this;
            *left = wanted.max(*left);
        }
        this
    }

    /// Characters after the point.
    fn right(&self) -> usize {
        match *self {
            Self::Positional { right, .. } => right,
            Self::Scientific {
                precision,
                exponent,
                ..
            } => exponent + 2 + precision,
        }
    }

    fn print<T: float::Float>(&self, item: T) -> String {
        let (Self::Positional { left, .. } | Self::Scientific { left, .. }) = *self;
        if !item.value().is_finite() {
            let mut text = String::new();
            float::push_scalar(item, &mut text);
            return format!("{text:>0$}", left + self.right() + 1);
        }
        match *self {
            Self::Positional { right, .. } => {
                let (whole, fraction) = float::exact_whole(item, PRECISION);
                format!("{whole:>left$}.{fraction:<right$}")
            }
            Self::Scientific {
                precision,
                exponent,
                ..
            } => {
                let (first, fraction, power) = float::padded(item, precision);
                let power = float::exponent_text(power, exponent);
                format!("{first:>left$}.{fraction}e{power}")
            }
        }
    }
}

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Formatter<$type> for Floats {
            fn format(&self, item: &$type) -> String {
                self.print(*item)
            }
        }

        impl Item for $type {
            fn formatter(items: &[&Self]) -> impl Formatter<Self> {
                Floats::new(items)
            }
        }
    )*};
}

floats!(f16 f32 f64);

/// Python's `repr` of each string, not aligned.
struct Strings;

impl Formatter<String> for Strings {
    fn format(&self, item: &String) -> String {
        let quote = if item.contains('\'') && !item.contains('"') {
            '"'
        } else {
            '\''
        };
        let mut out = String::from(quote);
        for c in item.chars() {
            match c {
                '\t' => out.push_str("\\t"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\\' => out.push_str("\\\\"),
                c if c == quote => out.extend(['\\', c]),
                ' '..='~' => out.push(c),
                c if is_printable(c) => out.push(c),
                c => push_escape(u32::from(c), &mut out),
            }
        }
        out.push(quote);
        out
    }
}

/// A character that does not print, as Python writes it in a string.
fn push_escape(point: u32, out: &mut String) {
    match point {
        0..=0xff => write!(out, "\\x{point:02x}"),
        0x100..=0xffff => write!(out, "\\u{point:04x}"),
        _ => write!(out, "\\U{point:08x}"),
    }
    .expect("a String takes everything");
}

/// Python's `str.isprintable`: no control, format, surrogate, private or unassigned character and
/// no separator. Rust's debug form escapes the same; a letter in front keeps it from escaping
/// combining marks too.
fn is_printable(c: char) -> bool {
    ['a', c].iter().collect::<String>().escape_debug().nth(1) == Some(c)
}

impl Item for String {
    fn formatter(_: &[&Self]) -> impl Formatter<Self> {
        Strings
    }
}
