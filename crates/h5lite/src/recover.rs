//! What is left of a damaged file, written into a new one.

use std::{fs, path::Path};

use crate::{
    check::{Finding, parts, values_of},
    edit::{DatasetOptions, Edit},
    error::{Error, InObject, Result},
    file::File,
    format::{
        message::{Class, Datatype, FilterId, LinkTarget},
        superblock::Superblock,
    },
    image::Image,
    lock::lock_shared,
    object::{Attribute, Dataset, Group, Link, Object, Place, Worklist},
    options::OpenOptions,
    source::Source,
    value::{Array, Selection},
    watch::Watch,
};

impl OpenOptions {
    /// Opens what is left of a file: also one that is shorter than its superblock says, or whose
    /// superblock fails its checksum. It is read by position.
    ///
    /// # Errors
    /// As [`File::open`], where not even that can be done.
    pub fn open_damaged(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        let open = || {
            let file = fs::File::open(path).map_err(|e| Error::io("open the file", e))?;
            lock_shared(&file, self.locking)?;
            damaged(Source::positioned(file)?, self)
        };
        let mut opened = open().map_err(|source| Error::InFile {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        opened.path = Some(path.to_owned());
        Ok(opened)
    }

    /// The same of a file in memory.
    ///
    /// # Errors
    /// As [`open_damaged`](Self::open_damaged).
    pub fn from_damaged_bytes(&self, bytes: impl Into<Vec<u8>>) -> Result<File> {
        damaged(Source::from(bytes.into()), self)
    }
}

fn damaged(source: Source, options: &OpenOptions) -> Result<File> {
    let image = Image::whole(source);
    let superblock = Superblock::find_damaged(&image)?;
    let image = image.narrowed(superblock.base, superblock.end_of_file, superblock.sizes);
    Ok(File::of_image(image, superblock, options.limits.clone()))
}

impl File {
    /// Writes everything that can be read into `edit`, under the same paths, and returns what
    /// cannot: objects, attributes, and chunks, which hold the fill value then.
    ///
    /// Further names of an object become soft links to the first. Values of types without a
    /// counterpart in [`Array`] (compounds, references, opaque bytes) are not carried over, nor are
    /// filters other than deflate, shuffle and fletcher32.
    ///
    /// `watch` follows it, through the parts of one dataset after another.
    ///
    /// # Errors
    /// [`Error::Io`] where `edit` cannot be written, and [`Error::Stopped`]. What is wrong with this
    /// file is no error.
    pub fn recover_into(&self, edit: &mut Edit<'_>, watch: &Watch) -> Result<Vec<Finding>> {
        let mut recovery = Recovery {
            file: self,
            edit,
            watch,
            lost: Vec::new(),
        };
        recovery.run()?;
        Ok(recovery.lost)
    }
}

struct Recovery<'a, 'e> {
    file: &'a File,
    edit: &'a mut Edit<'e>,
    watch: &'a Watch,
    lost: Vec<Finding>,
}

impl<'a> Recovery<'a, '_> {
    /// Takes down what is lost. An error of the system is not the damaged file's fault.
    fn attempt(&mut self, path: &str, outcome: Result<()>) -> Result<()> {
        let Err(error) = outcome.in_object(path) else {
            return Ok(());
        };
        if matches!(error.root_cause(), Error::Io { source, .. } if source.kind() != std::io::ErrorKind::UnexpectedEof)
        {
            return Err(error);
        }
        self.lost.push(Finding::of(path, &error));
        Ok(())
    }

    fn run(&mut self) -> Result<()> {
        let mut worklist = Worklist::new(self.file);
        let mut left = values_of(self.file);
        while let Some((place, address)) = worklist.next() {
            let path = place.path();
            let object = match Object::open(self.file, &path, address) {
                Ok(object) => object,
                Err(error) => {
                    self.attempt(&path, Err(error))?;
                    continue;
                }
            };
            match &object {
                Object::Group(group) => {
                    if path != "/" {
                        self.edit.create_group(&path)?;
                    }
                    let (links, error) = group.readable_links();
                    self.attempt(&path, error.map_or(Ok(()), Err))?;
                    for link in links {
                        self.link(group, &place, link, &mut worklist)?;
                    }
                }
                Object::Dataset(dataset) => {
                    let made = self.create(dataset);
                    let failed = made.is_err();
                    self.attempt(&path, made)?;
                    if failed {
                        continue;
                    }
                    let parts = parts(self.file, dataset, &mut left, &mut |error| {
                        self.lost.push(Finding::of(&path, &error));
                    });
                    let mut steps = self.watch.begin(parts.len() as u64)?;
                    for part in parts {
                        let written = self.copy(dataset, &part);
                        self.attempt(&path, written)?;
                        steps.advance(1)?;
                    }
                }
                Object::Datatype(_) => {
                    let error = Error::unsupported("committed datatype: its uses keep the type");
                    self.attempt(&path, Err(error))?;
                    continue;
                }
            }
            self.attributes(&object)?;
        }
        Ok(())
    }

    fn link(
        &mut self,
        group: &Group<'_>,
        place: &Place,
        link: Link,
        worklist: &mut Worklist<'_>,
    ) -> Result<()> {
        let path = group.child_path(&link.name);
        let outcome = match link.target {
            LinkTarget::Hard(address) => match worklist.push(place, &link.name, address) {
                Ok(Some(first)) => self.edit.soft_link(&path, &first.path()),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            },
            LinkTarget::Soft(target) => self.edit.soft_link(&path, &target),
            LinkTarget::External { file, path } => Err(Error::unsupported(format_args!(
                "external link to {path} in {file}"
            ))),
            LinkTarget::Other(class) => Err(Error::unsupported(format_args!(
                "user-defined link of class {class}"
            ))),
        };
        self.attempt(&path, outcome)
    }

    /// An empty dataset like this one.
    fn create(&mut self, dataset: &Dataset<'_>) -> Result<()> {
        if dataset.is_null() {
            return Err(Error::unsupported("null dataspace"));
        }
        let (dtype, datatype) = (dataset.dtype()?, carried(dataset.datatype()));
        let in_heap = matches!(datatype.class, Class::VariableLength { .. });
        let mut options = match dataset.chunk_shape() {
            Some(chunk) => DatasetOptions::chunked(chunk),
            None => DatasetOptions::contiguous(),
        };
        if let (Some(max_shape), Some(_)) = (dataset.max_shape(), dataset.chunk_shape()) {
            options = options.max_shape(max_shape);
        }
        for filter in dataset.filters() {
            let level = filter.parameters.first().copied();
            options = match filter.id {
                FilterId::DEFLATE => options.deflate(level.unwrap_or(6)),
                FilterId::SHUFFLE => options.shuffle(),
                FilterId::FLETCHER32 if !in_heap => options.fletcher32(),
                _ => options,
            };
        }
        if let Some(fill) = dataset.values().fill_value()? {
            options = options.fill(fill);
        }
        let (shape, options) = (dataset.shape(), options.datatype(datatype));
        self.edit.create(dataset.path(), dtype, shape, &options)
    }

    /// One part of a dataset.
    fn copy(&mut self, dataset: &Dataset<'_>, part: &[Selection]) -> Result<()> {
        let values = exact(dataset.read_any(part)?)?;
        self.edit.write_at(dataset.path(), part, &values)
    }

    fn attributes(&mut self, object: &Object<'a>) -> Result<()> {
        let path = object.path().to_owned();
        let attributes = match object.attributes() {
            Ok(attributes) => attributes,
            Err(error) => return self.attempt(&path, Err(error)),
        };
        for attribute in attributes {
            let copied = self.attribute(&path, &attribute);
            self.attempt(&format!("{path}@{}", attribute.name()), copied)?;
        }
        Ok(())
    }

    fn attribute(&mut self, path: &str, attribute: &Attribute<'_>) -> Result<()> {
        if attribute.is_null() {
            return Err(Error::unsupported("null dataspace"));
        }
        let values = exact(attribute.read_any()?)?;
        let datatype = carried(attribute.datatype());
        self.edit
            .set_attribute_as(path, attribute.name(), &values, &datatype)
    }
}

/// The type in a file whose addresses are of eight bytes, as a new one's are.
fn carried(datatype: &Datatype) -> Datatype {
    let mut carried = datatype.clone();
    if let Class::VariableLength { .. } = carried.class {
        carried.size = 16;
    }
    carried
}

/// Refuses text that was changed when it was read.
fn exact(values: Array) -> Result<Array> {
    match &values {
        Array::Str(texts) if texts.iter().any(|text| text.contains('\u{fffd}')) => {
            Err(Error::unsupported("text that is not UTF-8"))
        }
        _ => Ok(values),
    }
}
