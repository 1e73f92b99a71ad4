//! Reads everything in a file through every public call, and makes one number of what came out.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use h5lite::{
    Address, Array, Attribute, Class, Dataset, Datatype, Error, File, LinkTarget, Object, Result,
    Selection,
};

/// Values are asked for in blocks of about this many bytes, as a careful caller does.
const BLOCK: usize = 1 << 18;
/// Bytes of one dataset, as a multiple of the file's length, after which the walk goes on to the
/// next: no caller reads exabytes of fill values either.
const SHARE: usize = 16;

/// What a walk found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Walked {
    /// Everything that was read, errors and all, as one number.
    pub(crate) hash: u64,
    /// Calls that gave a value.
    pub(crate) values: usize,
    /// Calls that found the file damaged, or asking for too much.
    pub(crate) errors: usize,
}

/// Walks over all objects, each once, all attributes and all values.
pub(crate) fn walk(file: &File) -> Walked {
    let mut walk = Walk {
        file,
        seen: HashSet::new(),
        hasher: DefaultHasher::new(),
        walked: Walked::default(),
    };
    walk.run();
    Walked {
        hash: walk.hasher.finish(),
        ..walk.walked
    }
}

struct Walk<'f> {
    file: &'f File,
    seen: HashSet<Address>,
    hasher: DefaultHasher,
    walked: Walked,
}

impl<'f> Walk<'f> {
    fn run(&mut self) {
        let root = self.note(self.file.root());
        let mut todo: Vec<Object<'f>> = root.map(Object::Group).into_iter().collect();
        while let Some(object) = todo.pop() {
            if !self.seen.insert(object.address()) {
                continue;
            }
            object.path().hash(&mut self.hasher);
            for attribute in self.note(object.attributes()).unwrap_or_default() {
                self.attribute(&object, &attribute);
            }
            match object {
                Object::Dataset(dataset) => self.dataset(&dataset),
                Object::Datatype(named) => named.datatype().to_string().hash(&mut self.hasher),
                Object::Group(group) => {
                    let links = self.note(group.links()).unwrap_or_default();
                    if let Some(first) = links.first() {
                        let found = group.object(&first.name).map(|object| object.address());
                        self.note(found);
                    }
                    for link in links {
                        format!("{link:?}").hash(&mut self.hasher);
                        if let LinkTarget::Hard(address) = link.target {
                            todo.extend(self.note(self.file.object_at(&link.name, address)));
                        }
                    }
                }
            }
        }
    }

    /// Takes an outcome into the hash.
    fn note<T>(&mut self, outcome: Result<T>) -> Option<T> {
        match outcome {
            Ok(value) => {
                self.walked.values += 1;
                Some(value)
            }
            Err(error) => {
                match error.root_cause() {
                    // Not everything can be read as everything.
                    Error::Mismatch { .. }
                    | Error::Unsupported(_)
                    | Error::NotFound { .. }
                    | Error::OutOfBounds { .. } => {}
                    _ => self.walked.errors += 1,
                }
                error.to_string().hash(&mut self.hasher);
                None
            }
        }
    }

    fn note_hashed<T: std::hash::Hash>(&mut self, outcome: Result<T>) {
        if let Some(value) = self.note(outcome) {
            value.hash(&mut self.hasher);
        }
    }

    fn note_array(&mut self, outcome: Result<Array>) {
        if let Some(array) = self.note(outcome) {
            array.shape().hash(&mut self.hasher);
            let hasher = &mut self.hasher;
            match array {
                Array::I8(a) => a.iter().for_each(|v| v.hash(hasher)),
                Array::I16(a) => a.iter().for_each(|v| v.hash(hasher)),
                Array::I32(a) => a.iter().for_each(|v| v.hash(hasher)),
                Array::I64(a) => a.iter().for_each(|v| v.hash(hasher)),
                Array::U8(a) => a.iter().for_each(|v| v.hash(hasher)),
                Array::U16(a) => a.iter().for_each(|v| v.hash(hasher)),
                Array::U32(a) => a.iter().for_each(|v| v.hash(hasher)),
                Array::U64(a) => a.iter().for_each(|v| v.hash(hasher)),
                Array::F32(a) => a.iter().for_each(|v| v.to_bits().hash(hasher)),
                Array::F64(a) => a.iter().for_each(|v| v.to_bits().hash(hasher)),
                Array::Str(a) => a.iter().for_each(|v| v.hash(hasher)),
            }
        }
    }

    fn attribute(&mut self, object: &Object<'f>, attribute: &Attribute<'f>) {
        attribute.name().hash(&mut self.hasher);
        attribute.shape().hash(&mut self.hasher);
        let again = object.attribute(attribute.name());
        self.note(again.map(|_| ()));
        let bytes = attribute.read_bytes();
        self.values(
            attribute.datatype(),
            bytes,
            || attribute.read_any(),
            || attribute.read_strings(),
            || attribute.read_sequences(),
        );
        if let Class::Compound(members) = &attribute.datatype().class {
            for member in members {
                let field = attribute.field(&member.name).and_then(|a| a.read_any());
                self.note_array(field);
            }
        }
    }

    fn dataset(&mut self, dataset: &Dataset<'f>) {
        let shape = dataset.shape();
        (shape, dataset.max_shape(), dataset.chunk_shape()).hash(&mut self.hasher);
        dataset.datatype().to_string().hash(&mut self.hasher);
        self.note(dataset.check_readable());
        for block in self.blocks(shape, dataset.datatype().size as usize) {
            let bytes = dataset.read_bytes(&block);
            self.values(
                dataset.datatype(),
                bytes,
                || dataset.read_any(&block),
                || dataset.read_strings(&block),
                || dataset.read_sequences(&block),
            );
            for name in dataset.field_names() {
                let field = dataset.field(&name).and_then(|d| d.read_any(&block));
                self.note_array(field);
            }
        }
        // One position, and a scattering of them.
        let ends = |length: usize| vec![length.saturating_sub(1), 0, length / 2];
        for selection in [
            shape.iter().map(|&l| Selection::from(l / 2)).collect(),
            shape.iter().map(|&l| ends(l).into()).collect::<Vec<_>>(),
        ] {
            let values = dataset.read_lossy::<f64>(&selection);
            self.note_array(values.map(Array::from));
        }
    }

    fn values(
        &mut self,
        datatype: &Datatype,
        bytes: Result<Vec<u8>>,
        any: impl Fn() -> Result<Array>,
        strings: impl Fn() -> Result<Vec<Vec<u8>>>,
        sequences: impl Fn() -> Result<Vec<Vec<u8>>>,
    ) {
        if let Ok(bytes) = &bytes {
            self.nested(datatype, bytes, 3);
        }
        self.note_hashed(bytes);
        self.note_array(any());
        match datatype.class {
            Class::String { .. }
            | Class::VariableLength {
                string: Some(_), ..
            } => {
                self.note_hashed(strings());
            }
            Class::VariableLength { string: None, .. } => self.note_hashed(sequences()),
            _ => {}
        }
    }

    /// Strings and sequences inside compounds, arrays and sequences.
    fn nested(&mut self, datatype: &Datatype, bytes: &[u8], depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        match &datatype.class {
            Class::Compound(members) => {
                for member in members {
                    let (from, size) = (member.offset as usize, member.datatype.size as usize);
                    let stride = (datatype.size as usize).max(1);
                    let cut = bytes
                        .chunks_exact(stride)
                        .filter_map(|e| e.get(from..from + size));
                    self.nested(
                        &member.datatype,
                        &cut.flatten().copied().collect::<Vec<_>>(),
                        depth,
                    );
                }
            }
            Class::Array { base, .. } => self.nested(base, bytes, depth),
            Class::VariableLength { string: None, base } => {
                let all = self.note(self.file.sequences_in(datatype, bytes));
                for sequence in all.unwrap_or_default().iter().take(100) {
                    self.nested(base, sequence, depth);
                    self.note_hashed(base.little_endian(sequence));
                }
            }
            Class::String { .. } | Class::VariableLength { .. } => {
                self.note_hashed(self.file.strings_in(datatype, bytes));
            }
            _ => self.note_hashed(datatype.little_endian(bytes)),
        }
    }

    /// The whole dataset in runs along its first axis; of a large one a corner only.
    fn blocks(&self, shape: &[usize], element: usize) -> Vec<Vec<Selection>> {
        let Some((&length, inner)) = shape.split_first() else {
            return vec![Vec::new()];
        };
        let share = usize::try_from(self.file.content_len()).unwrap() * SHARE;
        let mut row = element.max(1);
        let mut corner = vec![Selection::All; shape.len()];
        for (selection, &dim) in corner[1..].iter_mut().zip(inner) {
            let kept = dim.min((share / row).max(1));
            *selection = (..kept).into();
            row = row.saturating_mul(kept.max(1));
        }
        let step = (BLOCK / row).max(1);
        let count = (share / step.saturating_mul(row)).max(1);
        let block = |start: usize| {
            let mut selections = corner.clone();
            selections[0] = (start..length.min(start.saturating_add(step))).into();
            selections
        };
        (0..length).step_by(step).take(count).map(block).collect()
    }
}
