//! What there is to say about one name.

use std::fmt::Display;

use h5lite::{Attribute, LinkTarget, Object};
use serde::Serialize;

use crate::render;

#[derive(Debug, Serialize)]
pub(super) struct Listing {
    pub(super) file: String,
    pub(super) entries: Vec<Entry>,
}

/// A name and what it leads to. What does not apply is left out.
#[derive(Debug, Default, Serialize)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dtype: Option<String>,
    /// Of a dataset that has a type and no value: left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shape: Option<Vec<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_shape: Option<Vec<Option<u64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chunks: Option<Vec<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filters: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fields: Vec<String>,
    /// Where a link leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<String>,
    /// The path under which the same group was listed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) same_as: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attrs: Vec<Attr>,
    /// The filters in words.
    #[serde(skip)]
    pub(super) compression: String,
}

/// An HDF5 attribute.
#[derive(Debug, Serialize)]
pub(super) struct Attr {
    pub(super) name: String,
    pub(super) dtype: String,
    /// Of an attribute that has a type and no value: `null`.
    pub(super) shape: Option<Vec<usize>>,
}

impl Entry {
    /// An object under one of its paths.
    pub(super) fn object(path: &str, object: &Object<'_>) -> Self {
        let mut entry = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        match object {
            Object::Group(_) => entry.kind = "group",
            Object::Datatype(datatype) => {
                entry.kind = "datatype";
                entry.dtype = Some(render::dtype(datatype.datatype()));
            }
            Object::Dataset(dataset) => {
                entry.kind = "dataset";
                entry.dtype = Some(render::dtype(dataset.datatype()));
                entry.shape = (!dataset.is_null()).then(|| dataset.shape().to_vec());
                entry.max_shape = dataset.max_shape().map(<[_]>::to_vec);
                entry.chunks = dataset.chunk_shape().map(<[_]>::to_vec);
                let filters = dataset.filters();
                entry.filters = Some(render::filter_names(filters));
                entry.compression = render::filters(filters);
                entry.fields = dataset.field_names();
            }
        }
        match object.attributes() {
            Ok(attributes) => entry.attrs = attributes.iter().map(Attr::new).collect(),
            Err(error) => entry.error = Some(format!("attributes: {error}")),
        }
        entry
    }

    /// A link to a path, here or in another file.
    pub(super) fn link(path: String, target: &LinkTarget) -> Self {
        let (kind, target) = match target {
            LinkTarget::Soft(target) => ("soft", target.clone()),
            LinkTarget::External { file, path } => ("external", format!("{file}:{path}")),
            LinkTarget::Other(class) => ("user-defined", format!("class {class}")),
            LinkTarget::Hard(address) => ("hard", address.to_string()),
        };
        Self {
            path,
            kind,
            target: Some(target),
            ..Self::default()
        }
    }

    /// Something that is there and cannot be read.
    pub(super) fn unreadable(path: String, error: &impl Display) -> Self {
        Self {
            path,
            kind: "unknown",
            error: Some(error.to_string()),
            ..Self::default()
        }
    }

    /// The last part of the path; of the root, `/`.
    pub(super) fn name(&self) -> &str {
        match self.path.rsplit_once('/') {
            Some((_, name)) if !name.is_empty() => name,
            _ => &self.path,
        }
    }

    /// How deep it is below the root.
    pub(super) fn depth(&self) -> usize {
        self.path.split('/').filter(|name| !name.is_empty()).count()
    }
}

impl Attr {
    fn new(attribute: &Attribute<'_>) -> Self {
        Self {
            name: attribute.name().to_owned(),
            dtype: render::dtype(attribute.datatype()),
            shape: (!attribute.is_null()).then(|| attribute.shape().to_vec()),
        }
    }
}
