//! One number for everything a file holds: all of it is read. The module around it brings the types
//! into scope, so that tests inside the crate and programs outside can use it.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
};

use super::{Attribute, Class, DType, Dataset, File, LinkTarget, Object, Result};

/// The digest of all objects, links, attributes and values of a file.
pub(crate) fn digest(file: &File) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    object(&Object::Group(file.root()?), 0, &mut hasher)?;
    Ok(hasher.finish())
}

fn object(at: &Object<'_>, depth: usize, hasher: &mut DefaultHasher) -> Result<()> {
    assert!(depth < 50, "the links lead in a circle");
    let attributes = match at {
        Object::Group(group) => {
            // The order of creation is not content here: by name.
            let mut links = group.links()?;
            links.sort_by(|one, other| one.name.cmp(&other.name));
            ("group", links.len()).hash(hasher);
            for link in links {
                link.name.hash(hasher);
                match &link.target {
                    LinkTarget::Hard(_) => object(&group.object(&link.name)?, depth + 1, hasher)?,
                    other => format!("{other:?}").hash(hasher),
                }
            }
            group.attributes()?
        }
        Object::Dataset(dataset) => {
            "dataset".hash(hasher);
            values(dataset, hasher)?;
            dataset.attributes()?
        }
        Object::Datatype(datatype) => {
            ("datatype", format!("{:?}", datatype.datatype())).hash(hasher);
            datatype.attributes()?
        }
    };
    let mut attributes: Vec<Attribute<'_>> = attributes;
    attributes.sort_by(|one, other| one.name().cmp(other.name()));
    attributes.len().hash(hasher);
    for attribute in attributes {
        attribute.name().hash(hasher);
        format!("{:?} {:?}", attribute.datatype(), attribute.shape()).hash(hasher);
        if attribute.dtype().is_ok_and(|dtype| dtype == DType::Str) {
            attribute.read_strings()?.hash(hasher);
        } else if let Class::VariableLength { .. } = attribute.datatype().class {
            attribute.read_sequences()?.hash(hasher);
        } else {
            attribute.read_bytes()?.hash(hasher);
        }
    }
    Ok(())
}

fn values(dataset: &Dataset<'_>, hasher: &mut DefaultHasher) -> Result<()> {
    let (shape, max_shape) = (dataset.shape(), dataset.max_shape());
    format!("{:?} {shape:?} {max_shape:?}", dataset.datatype()).hash(hasher);
    if dataset.is_null() {
        return Ok(());
    }
    if dataset.dtype().is_ok_and(|dtype| dtype == DType::Str) {
        dataset.read_strings(&[])?.hash(hasher);
    } else if let Class::VariableLength { .. } = dataset.datatype().class {
        dataset.read_sequences(&[])?.hash(hasher);
    } else {
        dataset.read_bytes(&[])?.hash(hasher);
    }
    Ok(())
}
