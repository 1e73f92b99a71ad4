//! Object headers: a list of messages in one or several blocks (IV.A.1).

use std::{borrow::Cow, collections::HashSet};

use super::{
    field::{Encoder, Fields, MAX_DEPTH, to_u64},
    message::{Continuation, Message, SharedMessage, kind},
};
use crate::{
    error::{Error, Result},
    image::{Address, Image, Sizes},
};

const NAME: &str = "object header";
const BLOCK: &str = "object header continuation block";

/// How much is read at once where a header starts: most headers, but not their continuations.
const SPECULATIVE_LEN: u64 = 512;

/// Message flag: a reader that does not know the message must not use the object.
const FAIL_IF_UNKNOWN: u8 = 0x80;
/// More messages than any library writes: version 1 counts them in two bytes.
const MAX_MESSAGES: usize = 1 << 20;
/// The highest message number of the specification.
pub(crate) const LAST_KIND: u16 = 0x18;

/// Header flags of version 2.
const SIZE_WIDTH: u8 = 0x03;
const ORDER_TRACKED: u8 = 0x04;
const PHASE_CHANGE: u8 = 0x10;
const TIMES: u8 = 0x20;

/// A message as it stands in a header. What is not understood is carried through an edit as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawMessage {
    /// Its number: which message it is.
    pub(crate) kind: u16,
    /// Constant, shared, and what to do where it is not understood.
    pub(crate) flags: u8,
    /// Its place by time of creation, where the header tracks it.
    pub(crate) creation_order: Option<u16>,
    /// Its content, with whatever padding it was given.
    pub(crate) body: Vec<u8>,
    /// Where the content stands in the file.
    pub(crate) address: Address,
}

impl RawMessage {
    /// A new message.
    pub(crate) fn new<M: Message>(message: &M, sizes: Sizes) -> Self {
        let mut out = Encoder::new(sizes);
        message.encode(&mut out);
        let body = out.finish();
        Self {
            kind: M::KIND,
            flags: 0,
            creation_order: None,
            body,
            address: Address::default(),
        }
    }

    /// Reads the body, which is not shared.
    pub(crate) fn parse<M: Message>(&self, sizes: Sizes) -> Result<M> {
        M::parse(&mut Fields::new(M::NAME, self.address, sizes, &self.body))
    }
}

/// The header of a group, dataset or committed datatype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectHeader {
    /// Where it starts.
    pub(crate) address: Address,
    /// 1 or 2.
    pub(crate) version: u8,
    /// How many hard links lead here, as far as version 1 says.
    pub(crate) reference_count: u32,
    /// All messages but continuations and free room, in order.
    pub(crate) messages: Vec<RawMessage>,
}

impl ObjectHeader {
    /// Reads the header at `address` with all its continuation blocks.
    pub(crate) fn read(image: &Image, address: Address) -> Result<Self> {
        let start = image.bytes_up_to(NAME, address, SPECULATIVE_LEN)?;
        let mut reader = if start.starts_with(b"OHDR") {
            Reader::version_2(image, address, start)?
        } else {
            Reader::version_1(image, address, start)?
        };
        reader.follow_continuations()?;
        Ok(reader.header)
    }

    /// The first message of this type, read from elsewhere where it is shared.
    pub(crate) fn get<M: Message>(&self, image: &Image) -> Result<Option<M>> {
        self.all(image).next().transpose()
    }

    /// The first message of this type, which must be there.
    pub(crate) fn require<M: Message>(&self, image: &Image) -> Result<M> {
        let missing = || Error::corrupt(NAME, self.address, format_args!("no {}", M::NAME));
        self.get(image)?.ok_or_else(missing)
    }

    /// All messages of this type.
    pub(crate) fn all<'a, M: Message + 'a>(
        &'a self,
        image: &'a Image,
    ) -> impl Iterator<Item = Result<M>> + 'a {
        self.messages
            .iter()
            .filter(|raw| raw.kind == M::KIND)
            .map(|raw| resolve(image, raw))
    }

    /// Whether there is a message with this number.
    pub(crate) fn has(&self, kind: u16) -> bool {
        self.messages.iter().any(|message| message.kind == kind)
    }

    /// How many hard links lead here.
    pub(crate) fn reference_count(&self, sizes: Sizes) -> Result<u32> {
        let message = self
            .messages
            .iter()
            .find(|raw| raw.kind == kind::REFERENCE_COUNT);
        let Some(raw) = message else {
            return Ok(self.reference_count);
        };
        let mut fields = Fields::new("reference count message", raw.address, sizes, &raw.body);
        fields.version(&[0])?;
        fields.u32()
    }

    /// Writes version 1, in one block.
    pub(crate) fn encode(&self, sizes: Sizes) -> Vec<u8> {
        let mut block = Encoder::new(sizes);
        for message in &self.messages {
            block.u16(message.kind);
            block.uint(2, to_u64(message.body.len().next_multiple_of(8)));
            block.u8(message.flags);
            block.zeros(3);
            block.put(&message.body);
            block.align(8);
        }
        let mut out = Encoder::new(sizes);
        out.put(&[1, 0]);
        out.uint(2, to_u64(self.messages.len()));
        out.u32(self.reference_count);
        out.uint(4, to_u64(block.len()));
        out.zeros(4);
        out.put(&block.finish());
        out.finish()
    }
}

/// The message itself, or the one a shared message leads to.
fn resolve<M: Message>(image: &Image, raw: &RawMessage) -> Result<M> {
    if raw.flags & SharedMessage::FLAG == 0 {
        return raw.parse(image.sizes());
    }
    let mut fields = Fields::new("shared message", raw.address, image.sizes(), &raw.body);
    read_shared(image, SharedMessage::parse(&mut fields)?)
}

/// The message of this type in the header a shared message leads to.
pub(crate) fn read_shared<M: Message>(image: &Image, shared: SharedMessage) -> Result<M> {
    let header = ObjectHeader::read(image, shared.header)?;
    let here = |raw: &&RawMessage| raw.kind == M::KIND && raw.flags & SharedMessage::FLAG == 0;
    match header.messages.iter().find(here) {
        Some(raw) => raw.parse(image.sizes()),
        None => Err(Error::corrupt(
            NAME,
            shared.header,
            format_args!("no {} to share", M::NAME),
        )),
    }
}

/// Collects a header from its blocks.
struct Reader<'a> {
    image: &'a Image,
    /// What has been read of the file from the start of the header on.
    start: Cow<'a, [u8]>,
    header: ObjectHeader,
    order_tracked: bool,
    continuations: Vec<Continuation>,
    /// Bytes of all blocks: no more than the file has, unless they overlap.
    read: u64,
}

impl<'a> Reader<'a> {
    fn new(image: &'a Image, address: Address, start: Cow<'a, [u8]>, version: u8) -> Self {
        let header = ObjectHeader {
            address,
            version,
            reference_count: 1,
            messages: Vec::new(),
        };
        Self {
            image,
            start,
            header,
            order_tracked: false,
            continuations: Vec::new(),
            read: 0,
        }
    }

    /// The bytes of a block.
    fn block(
        &mut self,
        address: Address,
        length: u64,
        name: &'static str,
    ) -> Result<Cow<'a, [u8]>> {
        self.read = self.read.saturating_add(length);
        if self.read > self.image.len() {
            let reason = "the blocks of the header overlap or leave the file";
            return Err(Error::corrupt(name, address, reason));
        }
        self.image.claim(name, address, length);
        if let Some(bytes) = self.in_start(address, length) {
            return Ok(bytes);
        }
        self.image.bytes(name, address, length)
    }

    /// A block that has been read with the start of the header.
    fn in_start(&self, address: Address, length: u64) -> Option<Cow<'a, [u8]>> {
        let at = usize::try_from(address.0.checked_sub(self.header.address.0)?).ok()?;
        let range = at..at.checked_add(usize::try_from(length).ok()?)?;
        Some(match &self.start {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(range)?),
            Cow::Owned(bytes) => Cow::Owned(bytes.get(range)?.to_vec()),
        })
    }

    fn version_1(image: &'a Image, address: Address, start: Cow<'a, [u8]>) -> Result<Self> {
        image.claim(NAME, address, 16);
        let mut fields = Fields::new(NAME, address, image.sizes(), &start);
        fields.version(&[1])?;
        fields.skip(3)?;
        let reference_count = fields.u32()?;
        let length = u64::from(fields.u32()?);
        let mut reader = Self::new(image, address, start, 1);
        reader.header.reference_count = reference_count;
        reader.block_1(address.plus(NAME, 16)?, length, NAME)?;
        Ok(reader)
    }

    fn version_2(image: &'a Image, address: Address, start: Cow<'a, [u8]>) -> Result<Self> {
        let mut fields = Fields::new(NAME, address, image.sizes(), &start);
        fields.signature(*b"OHDR")?;
        fields.version(&[2])?;
        let flags = fields.u8()?;
        if flags & TIMES != 0 {
            fields.skip(16)?;
        }
        if flags & PHASE_CHANGE != 0 {
            fields.skip(4)?;
        }
        let length = fields.uint(1_u8.checked_shl(u32::from(flags & SIZE_WIDTH)).unwrap_or(8))?;
        let prefix_len = fields.position();
        let whole = length.saturating_add(to_u64(prefix_len)).saturating_add(4);
        let mut reader = Self::new(image, address, start, 2);
        reader.order_tracked = flags & ORDER_TRACKED != 0;
        reader.block_2(address, whole, prefix_len, NAME)?;
        Ok(reader)
    }

    /// Reads the blocks that continuation messages lead to, each once.
    fn follow_continuations(&mut self) -> Result<()> {
        let mut seen = HashSet::from([self.header.address]);
        while let Some(Continuation { address, length }) = self.continuations.pop() {
            if !seen.insert(address) || seen.len() > MAX_DEPTH.saturating_mul(1024) {
                return Err(Error::corrupt(
                    BLOCK,
                    address,
                    "the header leads back to it",
                ));
            }
            if self.header.version == 1 {
                self.block_1(address, length, BLOCK)?;
            } else {
                self.block_2(address, length, 4, BLOCK)?;
            }
        }
        Ok(())
    }

    /// A block of version 1: messages and nothing else.
    fn block_1(&mut self, address: Address, length: u64, name: &'static str) -> Result<()> {
        let bytes = self.block(address, length, name)?;
        let mut fields = Fields::new(name, address, self.image.sizes(), &bytes);
        while fields.remaining() >= 8 {
            let (kind, size, flags) = (fields.u16()?, fields.u16()?, fields.u8()?);
            fields.skip(3)?;
            self.message(&mut fields, kind, size, flags, None)?;
        }
        Ok(())
    }

    /// A block of version 2: a prefix that has been read, messages, and a checksum of it all.
    fn block_2(
        &mut self,
        address: Address,
        length: u64,
        prefix: usize,
        name: &'static str,
    ) -> Result<()> {
        let bytes = self.block(address, length, name)?;
        let mut fields = Fields::new(name, address, self.image.sizes(), &bytes);
        if prefix == 4 {
            fields.signature(*b"OCHK")?;
        } else {
            fields.skip(prefix)?;
        }
        let mut whole = fields.clone();
        whole.skip(fields.remaining().saturating_sub(4))?;
        whole.checksum()?;
        let message_prefix = if self.order_tracked { 6 } else { 4 };
        // What is too short for a message in front of the checksum is a gap.
        while fields.remaining() >= usize::saturating_add(message_prefix, 4) {
            let (kind, size, flags) = (fields.u8()?, fields.u16()?, fields.u8()?);
            let order = self.order_tracked.then(|| fields.u16()).transpose()?;
            if fields.remaining() < usize::from(size).saturating_add(4) {
                return Err(
                    fields.corrupt(format_args!("message {kind:#x} runs into the checksum"))
                );
            }
            self.message(&mut fields, u16::from(kind), size, flags, order)?;
        }
        Ok(())
    }

    fn message(
        &mut self,
        fields: &mut Fields<'_>,
        kind: u16,
        size: u16,
        flags: u8,
        creation_order: Option<u16>,
    ) -> Result<()> {
        let address = fields.address().plus(NAME, to_u64(fields.position()))?;
        let body = fields.take(usize::from(size))?.to_vec();
        let raw = RawMessage {
            kind,
            flags,
            creation_order,
            body,
            address,
        };
        if kind == Continuation::KIND {
            self.continuations.push(raw.parse(self.image.sizes())?);
        } else if kind > LAST_KIND && flags & FAIL_IF_UNKNOWN != 0 {
            return Err(Error::unsupported(format_args!(
                "object header message {kind:#x}"
            )));
        } else if kind != kind::NIL {
            if self.header.messages.len() >= MAX_MESSAGES {
                return Err(fields.corrupt(format_args!("more than {MAX_MESSAGES} messages")));
            }
            self.header.messages.push(raw);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::source::Source;

    fn image(bytes: Vec<u8>) -> Image {
        Image::whole(Source::from(bytes))
    }

    /// A version 1 header with these messages.
    fn version_1(messages: &[(u16, &[u8])]) -> Vec<u8> {
        let raw = |&(kind, body): &(u16, &[u8])| RawMessage {
            kind,
            flags: 0,
            creation_order: None,
            body: body.to_vec(),
            address: Address(0),
        };
        let messages = messages.iter().map(raw).collect();
        let header = ObjectHeader {
            address: Address(0),
            version: 1,
            reference_count: 1,
            messages,
        };
        header.encode(Sizes::default())
    }

    fn continuation(at: u64, length: u64) -> Vec<u8> {
        [at.to_le_bytes(), length.to_le_bytes()].concat()
    }

    proptest! {
        #[test]
        fn comes_back(bodies in vec((prop::sample::select(vec![1_u16, 3, 5, 8, 12, 0x17, 0x99]), vec(any::<u8>(), 0..40)), 0..8), reference_count: u32) {
            let raw = |(kind, mut body): (u16, Vec<u8>)| {
                body.resize(body.len().next_multiple_of(8), 0);
                RawMessage { kind, flags: 0, creation_order: None, body, address: Address(0) }
            };
            let messages: Vec<_> = bodies.into_iter().map(raw).collect();
            let header = ObjectHeader { address: Address(0), version: 1, reference_count, messages };
            let mut read = ObjectHeader::read(&image(header.encode(Sizes::default())), Address(0)).unwrap();
            read.messages.iter_mut().for_each(|message| message.address = Address(0));
            prop_assert_eq!(read, header);
        }
    }

    #[test]
    fn continuations_are_followed_once() {
        let mut bytes = version_1(&[(0x10, &continuation(40, 16)), (1, &[7; 8])]);
        assert_eq!(bytes.len(), 16 + 24 + 16);
        // The second block covers the second message: legal bytes, read a second time.
        let header = ObjectHeader::read(&image(bytes.clone()), Address(0)).unwrap();
        assert_eq!(header.messages.len(), 2);
        // A block that leads to itself.
        bytes.extend([0x10, 0, 16, 0, 0, 0, 0, 0]);
        bytes.extend(continuation(56, 24));
        bytes[24..40].copy_from_slice(&continuation(56, 24));
        assert!(
            ObjectHeader::read(&image(bytes), Address(0))
                .unwrap_err()
                .is_corrupt()
        );
    }

    #[test]
    fn blocks_that_overlap_cannot_multiply_the_file() {
        // Each of 1,000 continuation messages leads to all the others.
        let ends: Vec<_> = (0..1000)
            .map(|i| continuation(16 + i * 24, (1000 - i) * 24))
            .collect();
        let messages: Vec<_> = ends.iter().map(|end| (0x10, &end[..])).collect();
        let error = ObjectHeader::read(&image(version_1(&messages)), Address(0)).unwrap_err();
        assert!(error.to_string().contains("overlap"), "{error}");
    }

    #[test]
    fn version_2_is_checksummed() {
        let mut out = Encoder::new(Sizes::default());
        out.put(b"OHDR");
        out.put(&[2, ORDER_TRACKED, 12 + 5]);
        out.put(&[0x99, 4, 0, 0, 5, 0, 1, 2, 3, 4]);
        out.zeros(7);
        out.checksum();
        let mut bytes = out.finish();
        let header = ObjectHeader::read(&image(bytes.clone()), Address(0)).unwrap();
        let [message] = &header.messages[..] else {
            panic!("{header:?}")
        };
        assert_eq!((message.kind, message.creation_order), (0x99, Some(5)));
        assert_eq!(message.body, [1, 2, 3, 4]);
        bytes[15] ^= 1;
        assert!(
            ObjectHeader::read(&image(bytes), Address(0))
                .unwrap_err()
                .is_corrupt()
        );
    }

    #[test]
    fn an_unknown_message_can_forbid_reading() {
        let mut bytes = version_1(&[(0x99, &[0; 8])]);
        assert!(ObjectHeader::read(&image(bytes.clone()), Address(0)).is_ok());
        bytes[16 + 4] = FAIL_IF_UNKNOWN;
        assert!(
            ObjectHeader::read(&image(bytes), Address(0))
                .unwrap_err()
                .is_unsupported()
        );
    }
}
