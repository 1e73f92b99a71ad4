//! The upper left corner of a file as an HTML table: loompy's `_repr_html_`.

use std::{borrow::Cow, fmt::Write};

use h5lite::{Array, DType};

use crate::{
    axis::Axis,
    connection::LoomConnection,
    error::Result,
    numpy_text::{entries, text},
    ops::stored_type,
    view::LoomView,
};

/// Rows and columns shown.
const CORNER: usize = 10;

impl LoomConnection {
    /// The first ten rows and columns with their attributes as HTML, for a notebook: loompy's
    /// `_repr_html_`.
    ///
    /// Names and values are escaped (loompy writes them as they are), and a global attribute is
    /// shown with its name (loompy writes the word `name`).
    ///
    /// # Errors
    /// Where what is shown cannot be read.
    pub fn to_html(&self) -> Result<String> {
        let (rows, cols) = self.shape();
        let corner = (rows.min(CORNER), cols.min(CORNER));
        let attributes = |axis: Axis, shown: usize| {
            let attrs = self.axis_attrs(axis);
            (attrs.iter_at((0..shown).into())?)
                .map(|attribute| {
                    let (name, values) = attribute?;
                    let stored = stored_type(attrs, &name, &values)?;
                    Ok((name, entries(&values, stored)))
                })
                .collect::<Result<Vec<_>>>()
        };
        let globals = self.attrs().iter()?.collect::<Result<Vec<_>>>()?;
        let mut values = Vec::new();
        if corner != (0, 0) {
            let matrix = self.layer("")?;
            for row in 0..corner.0 {
                let line = matrix.read_any(row, 0..corner.1)?;
                values.push(cells(&line, matrix.dtype()));
            }
        }
        Ok(Corner {
            shape: (rows, cols),
            layers: self.layers().len()?,
            filename: self
                .filename()
                .map(|path| path.display().to_string())
                .unwrap_or_default(),
            globals: globals
                .iter()
                .map(|(name, value)| (name.as_str(), value))
                .collect(),
            ra: attributes(Axis::Rows, corner.0)?,
            ca: attributes(Axis::Cols, corner.1)?,
            values,
        }
        .to_html())
    }
}

impl LoomView {
    /// As [`LoomConnection::to_html`].
    #[must_use]
    pub fn to_html(&self) -> String {
        let (rows, cols) = self.shape();
        let corner = (rows.min(CORNER), cols.min(CORNER));
        let attributes = |axis: Axis, shown: usize| {
            (self.axis_attrs(axis).iter())
                .map(|(name, values)| (name.clone(), some_entries(values, 0..shown)))
                .collect()
        };
        let main = self.layers.values().next();
        let values = (0..corner.0)
            .filter_map(|row| {
                let line = main?.take(&[row]).ok()?;
                let mut texts = cells(&line, line.dtype());
                texts.truncate(corner.1);
                Some(texts)
            })
            .collect();
        Corner {
            shape: (rows, cols),
            layers: self.layers.len(),
            filename: String::new(),
            globals: self
                .attrs
                .iter()
                .map(|(name, value)| (name.as_str(), value))
                .collect(),
            ra: attributes(Axis::Rows, corner.0),
            ca: attributes(Axis::Cols, corner.1),
            values,
        }
        .to_html()
    }
}

/// The texts of the first entries of an attribute.
fn some_entries(values: &Array, range: std::ops::Range<usize>) -> Vec<String> {
    let positions: Vec<usize> = range.collect();
    values
        .take(&positions)
        .map(|some| entries(&some, some.dtype()))
        .unwrap_or_default()
}

/// The texts of the numbers of one line of a matrix.
fn cells(line: &Array, stored: DType) -> Vec<String> {
    let flat = h5lite::with_array!(line, a => a.flatten().into_owned().into_dyn().into());
    entries(&flat, stored)
}

/// What is shown.
struct Corner<'a> {
    shape: (usize, usize),
    layers: usize,
    filename: String,
    globals: Vec<(&'a str, &'a Array)>,
    ra: Vec<(String, Vec<String>)>,
    ca: Vec<(String, Vec<String>)>,
    values: Vec<Vec<String>>,
}

impl Corner<'_> {
    fn to_html(&self) -> String {
        let (rows, cols) = self.shape;
        let mut html = String::from("<p>");
        if let Some((_, title)) = self.globals.iter().find(|(name, _)| *name == "title") {
            push(
                &mut html,
                format_args!("<strong>{}</strong> ", escape(&text(title))),
            );
        }
        let plural = if self.layers > 1 { "s" } else { "" };
        push(
            &mut html,
            format_args!(
                "{rows} rows, {cols} columns, {} layer{plural}<br/>(showing up to \
                 {CORNER}x{CORNER})<br/>{}<br/>",
                self.layers,
                escape(&self.filename)
            ),
        );
        for (name, value) in &self.globals {
            push(
                &mut html,
                format_args!("{}: <em>{}</em><br/>", escape(name), escape(&text(value))),
            );
        }
        html.push_str("<table>");
        for (name, values) in &self.ca {
            let blanks = self.ra.iter().map(|_| BLANK.to_owned());
            let values = values.iter().map(|value| cell(value));
            self.line(&mut html, blanks.chain([heading(name)]).chain(values));
        }
        let names = self.ra.iter().map(|(name, _)| heading(name));
        let blanks = (0..=cols.min(CORNER)).map(|_| BLANK.to_owned());
        self.line(&mut html, names.chain(blanks));
        for (row, values) in self.values.iter().enumerate() {
            let attributes = self.ra.iter().filter_map(|(_, texts)| texts.get(row));
            let attributes = attributes.map(|text| cell(text));
            let values = values.iter().map(|value| cell(value));
            self.line(
                &mut html,
                attributes.chain([BLANK.to_owned()]).chain(values),
            );
        }
        if rows > CORNER {
            let width = self.values.len() + 1 + self.ra.len();
            self.line(&mut html, (0..width).map(|_| MORE.to_owned()));
        }
        html.push_str("</table>");
        html
    }

    /// A row of the table, with an ellipsis where there are more columns.
    fn line(&self, html: &mut String, cells: impl Iterator<Item = String>) {
        html.push_str("<tr>");
        html.extend(cells);
        if self.shape.1 > CORNER {
            html.push_str(MORE);
        }
        html.push_str("</tr>");
    }
}

const BLANK: &str = "<td>&nbsp;</td>";
const MORE: &str = "<td>...</td>";

fn cell(text: &str) -> String {
    format!("<td>{}</td>", escape(text))
}

fn heading(text: &str) -> String {
    format!("<td><strong>{}</strong></td>", escape(text))
}

fn push(html: &mut String, arguments: std::fmt::Arguments<'_>) {
    html.write_fmt(arguments)
        .expect("a String takes everything");
}

/// The text with the characters that HTML gives a meaning to replaced.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}
