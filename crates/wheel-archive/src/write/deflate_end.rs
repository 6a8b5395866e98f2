//! Makes deflate streams that can follow each other.
//!
//! The encoder ends every stream: the first bit of its last block says so. A member that
//! was compressed in pieces, on several cores, is their streams end to end, so in all but
//! the last this bit must go and the stream must end on a byte. Where the last block
//! starts is known only by decoding what comes before: no output, just the lengths of codes.
//!
//! Spec: RFC 1951, and the empty stored block that zlib writes for a full flush.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

/// The most bits that a code takes.
const LONGEST: usize = 15;
/// Codes up to this long are looked up at once.
const QUICK: usize = 11;
/// Order in which the lengths of the code length code are written.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
const END_OF_BLOCK: usize = 256;

/// Why a stream was not understood; the encoder's output always is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the encoder wrote a deflate stream that cannot be decoded")]
pub(crate) struct NotDeflate;

/// Takes the end mark from a complete deflate stream and fills it up to a byte, so that
/// another stream can follow.
pub(crate) fn open_end(stream: &mut Vec<u8>) -> Result<(), NotDeflate> {
    let (header, end) = last_block(stream).ok_or(NotDeflate)?;
    if end.div_ceil(8) != stream.len() {
        return Err(NotDeflate);
    }
    let byte = stream.get_mut(header / 8).ok_or(NotDeflate)?;
    *byte &= !(1 << (header % 8));
    // An empty stored block: three zero bits, zeros up to the byte, length 0 and its
    // complement. The bits after the end are zeros already.
    if end % 8 == 0 || end % 8 > 5 {
        stream.push(0);
    }
    stream.extend([0, 0, 0xff, 0xff]);
    Ok(())
}

/// Bit positions of the last block's header, and of the end of the stream.
fn last_block(stream: &[u8]) -> Option<(usize, usize)> {
    let mut bits = Bits {
        stream,
        at: 0,
        held: 0,
        count: 0,
    };
    loop {
        let header = bits.position();
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => bits.skip_stored()?,
            1 => {
                let (literals, distances) = fixed_codes()?;
                skip_block(&mut bits, &literals, &distances)?;
            }
            2 => {
                let (literals, distances) = dynamic_codes(&mut bits)?;
                skip_block(&mut bits, &literals, &distances)?;
            }
            _ => return None,
        }
        if last {
            let end = bits.position();
            return (end.div_ceil(8) <= stream.len()).then_some((header, end));
        }
    }
}

/// The bits of a stream, least significant first. Zeros follow its end.
#[derive(Clone, Copy)]
struct Bits<'a> {
    stream: &'a [u8],
    /// The next byte to load.
    at: usize,
    held: u64,
    count: usize,
}

impl Bits<'_> {
    /// Loads bits so that at least 56 are there; `None` once the end was passed.
    #[inline]
    fn refill(&mut self) -> Option<()> {
        let next = self.stream.get(self.at..).and_then(<[u8]>::first_chunk);
        let word = match next {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => self.rest()?,
        };
        self.held |= word << (self.count & 63);
        let loaded = 63_usize.wrapping_sub(self.count) / 8;
        self.at = self.at.wrapping_add(loaded);
        self.count = self.count.wrapping_add(loaded.wrapping_mul(8));
        Some(())
    }

    /// The last bytes, and zeros after them.
    #[cold]
    fn rest(self) -> Option<u64> {
        let mut word = [0; 8];
        let rest = self.stream.get(self.at..).unwrap_or_default();
        word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.inside().then_some(u64::from_le_bytes(word))
    }

    /// The next `len` bits, which must be loaded, stay.
    #[inline]
    fn peek(&self, len: usize) -> usize {
        let mask = (1_u64 << len).wrapping_sub(1);
        usize::try_from(self.held & mask).unwrap_or(0)
    }

    /// Takes `len` bits, which must be loaded.
    #[inline]
    fn skip(&mut self, len: usize) {
        self.held >>= len;
        self.count = self.count.wrapping_sub(len);
    }

    fn take(&mut self, len: usize) -> Option<usize> {
        self.refill()?;
        let bits = self.peek(len);
        self.skip(len);
        self.inside().then_some(bits)
    }

    /// Bits taken so far.
    fn position(&self) -> usize {
        self.at.saturating_mul(8).saturating_sub(self.count)
    }

    fn inside(&self) -> bool {
        self.position() <= self.stream.len().saturating_mul(8)
    }

    fn skip_stored(&mut self) -> Option<()> {
        let start = self.position().div_ceil(8);
        let header = self.stream.get(start..)?.first_chunk::<4>()?;
        let [low, high, ..] = *header;
        let len = usize::from(u16::from_le_bytes([low, high]));
        self.at = start.checked_add(4)?.checked_add(len)?;
        (self.held, self.count) = (0, 0);
        self.inside().then_some(())
    }
}

/// What one look into a table skips, and what comes next.
#[derive(Clone, Copy, Default)]
struct Step {
    /// Bits of the code.
    code: u8,
    /// The same with its extra bits; in [`Code::joined`] tables, of all codes that were joined.
    bits: u8,
    /// All ones if a distance code follows: a mask, because a branch would be guessed wrong.
    distance: u8,
    next: Next,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Next {
    /// The code is longer than the table looks, or there is none.
    #[default]
    Long,
    Symbol,
    End,
}

/// Of a symbol: its extra bits, whether a distance follows, and what it is.
type Meaning = fn(usize) -> (usize, bool, Next);

type Table = [Step; 1 << QUICK];

/// A Huffman code: a table for short codes, counts and sorted symbols for long ones.
struct Code {
    quick: Box<Table>,
    counts: [usize; LONGEST + 1],
    symbols: Vec<usize>,
    meaning: Meaning,
}

impl Code {
    /// The canonical code with these lengths.
    fn new(lengths: &[u8], meaning: Meaning) -> Option<Self> {
        let mut counts = [0_usize; LONGEST + 1];
        for length in lengths {
            let count = counts.get_mut(usize::from(*length))?;
            *count = count.saturating_add(1);
        }
        if let Some(unused) = counts.first_mut() {
            *unused = 0;
        }
        let mut symbols: Vec<usize> = (0..lengths.len())
            .filter(|symbol| lengths.get(*symbol).is_some_and(|length| *length > 0))
            .collect();
        symbols.sort_by_key(|symbol| lengths.get(*symbol).copied());
        let mut code = Self {
            quick: Box::new([Step::default(); 1 << QUICK]),
            counts,
            symbols,
            meaning,
        };
        code.fill_quick()?;
        Some(code)
    }

    fn fill_quick(&mut self) -> Option<()> {
        let mut code = 0_usize;
        let mut symbols = self.symbols.iter();
        for (length, count) in self.counts.iter().enumerate().skip(1) {
            for _ in 0..*count {
                let symbol = *symbols.next()?;
                // Over-subscribed lengths are no code.
                if code >= 1 << length {
                    return None;
                }
                if length <= QUICK {
                    let step = self.step(symbol, length)?;
                    let shift = usize::try_from(usize::BITS).ok()?.saturating_sub(length);
                    let first = code.reverse_bits().wrapping_shr(u32::try_from(shift).ok()?);
                    for slot in self.quick.iter_mut().skip(first).step_by(1 << length) {
                        *slot = step;
                    }
                }
                code = code.saturating_add(1);
            }
            code <<= 1;
        }
        Some(())
    }

    fn step(&self, symbol: usize, length: usize) -> Option<Step> {
        let (extra, distance, next) = (self.meaning)(symbol);
        Some(Step {
            code: u8::try_from(length).ok()?,
            bits: u8::try_from(length.saturating_add(extra)).ok()?,
            distance: if distance { u8::MAX } else { 0 },
            next,
        })
    }

    /// The same code, whose table skips as many literals at once as it sees, and what follows them.
    fn joined(mut self) -> Self {
        let single = self.quick.clone();
        for (index, slot) in self.quick.iter_mut().enumerate() {
            let mut taken = 0_u8;
            loop {
                let step = single.get(index >> taken).copied().unwrap_or_default();
                let seen = usize::from(taken.saturating_add(step.code)) <= QUICK;
                if step.next == Next::Long || !seen {
                    break;
                }
                *slot = Step {
                    bits: taken.saturating_add(step.bits),
                    ..step
                };
                taken = slot.bits;
                if step.next != Next::Symbol || step.distance != 0 {
                    break;
                }
            }
        }
        self
    }

    /// What the next bits say, as far as the table sees.
    #[inline]
    fn look(&self, bits: Bits<'_>) -> Step {
        let step = self.quick.get(bits.peek(QUICK));
        step.copied().unwrap_or_default()
    }

    /// What the next bits say, where the table does not see it.
    #[cold]
    fn look_far(&self, bits: Bits<'_>) -> Option<Step> {
        let (symbol, length) = self.decode(bits.peek(LONGEST))?;
        self.step(symbol, length)
    }

    /// The symbol whose code the `bits` start with, and the length of the code.
    fn decode(&self, bits: usize) -> Option<(usize, usize)> {
        let (mut code, mut first, mut index) = (0_usize, 0_usize, 0_usize);
        for (length, count) in self.counts.iter().enumerate().skip(1) {
            code |= bits.wrapping_shr(u32::try_from(length).ok()?.saturating_sub(1)) & 1;
            if let Some(offset) = code.checked_sub(first).filter(|offset| offset < count) {
                let symbol = self.symbols.get(index.saturating_add(offset))?;
                return Some((*symbol, length));
            }
            index = index.saturating_add(*count);
            first = first.saturating_add(*count) << 1;
            code <<= 1;
        }
        None
    }
}

fn literal(symbol: usize) -> (usize, bool, Next) {
    match symbol {
        0..END_OF_BLOCK => (0, false, Next::Symbol),
        END_OF_BLOCK => (0, false, Next::End),
        257..=264 | 285.. => (0, true, Next::Symbol),
        265..=284 => (symbol.saturating_sub(261) / 4, true, Next::Symbol),
    }
}

fn distance(symbol: usize) -> (usize, bool, Next) {
    (symbol.saturating_sub(2) / 2, false, Next::Symbol)
}

fn code_length(_: usize) -> (usize, bool, Next) {
    (0, false, Next::Symbol)
}

fn skip_block(bits: &mut Bits<'_>, literals: &Code, distances: &Code) -> Option<()> {
    // A copy that stays in registers.
    let mut here = *bits;
    loop {
        here.refill()?;
        let mut step = literals.look(here);
        if step.next == Next::Long {
            step = literals.look_far(here)?;
        }
        here.skip(usize::from(step.bits));
        if step.next == Next::End {
            *bits = here;
            return bits.inside().then_some(());
        }
        // 20 bits at most were taken, 28 are at most needed.
        let mut far = distances.look(here);
        if far.next == Next::Long && step.distance != 0 {
            far = distances.look_far(here)?;
        }
        here.skip(usize::from(far.bits & step.distance));
    }
}

fn fixed_codes() -> Option<(Code, Code)> {
    let mut lengths = [8_u8; 288];
    for (symbol, length) in lengths.iter_mut().enumerate() {
        *length = match symbol {
            144..=255 => 9,
            256..=279 => 7,
            _ => 8,
        };
    }
    Some((
        Code::new(&lengths, literal)?.joined(),
        Code::new(&[5; 30], distance)?,
    ))
}

/// Reads the codes of a dynamic block.
fn dynamic_codes(bits: &mut Bits<'_>) -> Option<(Code, Code)> {
    let literals = bits.take(5)?.checked_add(257)?;
    let distances = bits.take(5)?.checked_add(1)?;
    let written = bits.take(4)?.checked_add(4)?;
    let mut lengths = [0_u8; 19];
    for symbol in ORDER.into_iter().take(written) {
        *lengths.get_mut(symbol)? = u8::try_from(bits.take(3)?).ok()?;
    }
    let code = Code::new(&lengths, code_length)?;
    let total = literals.checked_add(distances)?;
    let mut lengths: Vec<u8> = Vec::with_capacity(total);
    while lengths.len() < total {
        bits.refill()?;
        let (symbol, taken) = code.decode(bits.peek(LONGEST))?;
        bits.skip(taken);
        let (length, times) = match symbol {
            16 => (*lengths.last()?, bits.take(2)?.checked_add(3)?),
            17 => (0, bits.take(3)?.checked_add(3)?),
            18 => (0, bits.take(7)?.checked_add(11)?),
            length => (u8::try_from(length).ok()?, 1),
        };
        lengths.extend(std::iter::repeat_n(length, times));
    }
    let (for_literals, for_distances) = lengths.split_at_checked(literals)?;
    let for_distances = for_distances.get(..distances)?;
    Some((
        Code::new(for_literals, literal)?.joined(),
        Code::new(for_distances, distance)?,
    ))
}
