//! What is kept for each element from step to step, and the formats it is kept in.

use crate::codec::dynamic::{BLOCK4, SIGNED4, SIGNED8, UNSIGNED8, scales4, scales8};
use crate::codec::{self, packed};
use crate::element::{Element, Math};
use crate::plan::Piece;
use crate::random::Random;
use crate::real::Real;
use crate::simd::{self, Level, Work};

/// Elements that are loaded, updated and stored together: some vectors of the widest kind, little of the stack, and one
/// block of the 8-bit format.
pub(crate) const CHUNK: usize = 256;

/// How the state of a rule is kept. The more compact, the less memory it takes and moves; a step always computes in the
/// type of [`Element::Math`].
///
/// | | Bytes an element | Values |
/// |---|---|---|
/// | `Full` | 4, or 8 for f64 | as computed |
/// | `Bf16` | 2 | 8 bits of fraction, the range of f32 |
/// | `F16` | 2 | 11 bits of fraction, up to 65504 |
/// | `Int8` | 1.016 | dynamic map with a maximum for each 256 elements (Dettmers et al., arXiv 2110.02861) |
/// | `Int4` | 0.531 for signed slots, else as `Int8` | the map of 4 bits with a maximum for each 128 elements |
///
/// A slot that must not be rounded, such as the step sizes of Rprop, is kept in full whatever is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// In the type that is computed in.
    #[default]
    Full,
    /// bfloat16, rounded to nearest.
    Bf16,
    /// IEEE half precision, rounded to nearest.
    F16,
    /// 8 bits, in blocks of 256.
    Int8,
    /// 4 bits for signed slots, in blocks of 128; 8 bits for others.
    Int4,
}

impl Storage {
    /// Every one there is, with its name in text and in checkpoints.
    pub const ALL: [(&'static str, Self); 5] = [
        ("full", Self::Full),
        ("bf16", Self::Bf16),
        ("f16", Self::F16),
        ("int8", Self::Int8),
        ("int4", Self::Int4),
    ];

    /// The format of a slot that may be rounded if `inexact`, and may be negative if `signed`.
    pub(crate) fn format<R: Math>(self, signed: bool, inexact: bool) -> Format {
        match self {
            _ if !inexact => R::FORMAT,
            Self::Full => R::FORMAT,
            Self::Bf16 => Format::Bf16,
            Self::F16 => Format::F16,
            Self::Int4 if signed => Format::Int4,
            Self::Int8 | Self::Int4 => Format::Int8 { signed },
        }
    }
}

/// The format of a stream of numbers in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    F64,
    F32,
    Bf16,
    F16,
    Int8 { signed: bool },
    Int4,
}

impl Format {
    /// Whether elements come in blocks with a scale each, which start anew with each tensor.
    pub(crate) fn in_blocks(self) -> bool {
        matches!(self, Self::Int8 { .. } | Self::Int4)
    }

    /// Bytes of `len` elements, without their scales.
    pub(crate) fn bytes(self, len: usize) -> usize {
        match self {
            Self::F64 => 8 * len,
            Self::F32 => 4 * len,
            Self::Bf16 | Self::F16 => 2 * len,
            Self::Int8 { .. } => len,
            Self::Int4 => packed::bytes(len),
        }
    }

    /// The byte that fresh state of zeros is full of.
    pub(crate) fn zero(self) -> u8 {
        match self {
            Self::Int8 { signed: true } => SIGNED8.zero(),
            Self::Int8 { signed: false } => UNSIGNED8.zero(),
            Self::Int4 => SIGNED4.zero() << 4 | SIGNED4.zero(),
            _ => 0,
        }
    }

    /// Scales of a tensor of `len` elements.
    pub(crate) fn scales(self, len: usize) -> usize {
        match self {
            Self::Int8 { .. } => scales8(len),
            Self::Int4 => scales4(len),
            _ => 0,
        }
    }
}

/// How numbers are rounded to a stream of 16 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rounded {
    Nearest,
    /// Up or down at random, with the mean of what is rounded: from this stream and the element's number.
    Stochastic(Random),
}

/// Where the numbers of one tensor lie in memory, and the scales of their blocks.
#[derive(Clone, Copy)]
pub(crate) struct Lane {
    pub(crate) codes: *mut u8,
    pub(crate) scales: *mut f32,
}
// SAFETY: a lane stands for an exclusive borrow that a `Job` holds, and threads touch disjoint elements: see `Plan`.
unsafe impl Send for Lane {}
// SAFETY: as above.
unsafe impl Sync for Lane {}

impl Lane {
    pub(crate) fn new<T>(values: *mut T) -> Self {
        Self { codes: values.cast(), scales: std::ptr::null_mut() }
    }

    /// Reads `count` elements from `at` on to the start of a chunk.
    ///
    /// # Safety
    /// The lane holds these elements in this format, `count <= CHUNK`, and if it is [in blocks](Format::in_blocks) then
    /// `at` is a multiple of `CHUNK`.
    #[inline(always)]
    pub(crate) unsafe fn load<R: Math>(
        self,
        format: Format,
        at: usize,
        count: usize,
        level: Level,
        chunk: &mut [R; CHUNK],
    ) {
        // SAFETY: as promised by the caller.
        unsafe {
            if format == R::FORMAT {
                std::ptr::copy_nonoverlapping(self.codes.cast::<R>().add(at), chunk.as_mut_ptr(), count);
            } else {
                let lane = Self {
                    codes: self.codes.add(format.bytes(at)),
                    scales: self.scales.wrapping_add(format.scales(at)),
                };
                simd::dispatch(level, Decode { lane, format, out: &mut chunk[..count] });
            }
        }
    }

    /// Writes the first `count` elements of a chunk from `at` on; `flat` is the number of the first among all elements of
    /// a step.
    ///
    /// # Safety
    /// As for [`load`](Self::load).
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    pub(crate) unsafe fn store<R: Math>(
        self,
        format: Format,
        at: usize,
        chunk: &[R; CHUNK],
        count: usize,
        level: Level,
        rounded: Rounded,
        flat: usize,
    ) {
        // SAFETY: as promised by the caller.
        unsafe {
            if format == R::FORMAT {
                std::ptr::copy_nonoverlapping(chunk.as_ptr(), self.codes.cast::<R>().add(at), count);
            } else {
                let lane = Self {
                    codes: self.codes.add(format.bytes(at)),
                    scales: self.scales.wrapping_add(format.scales(at)),
                };
                simd::dispatch(level, Encode { lane, format, from: &chunk[..count], rounded, flat });
            }
        }
    }
}

struct Decode<'a, R> {
    lane: Lane,
    format: Format,
    out: &'a mut [R],
}

impl<R: Math> Work for Decode<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { lane, format, out } = self;
        let count = out.len();
        // SAFETY: `Lane::load` was promised a lane of this format with so many elements.
        unsafe {
            match format {
                Format::F64 => widen(std::slice::from_raw_parts(lane.codes.cast::<f64>(), count), out),
                Format::F32 => widen(std::slice::from_raw_parts(lane.codes.cast::<f32>(), count), out),
                Format::Bf16 => {
                    codec::bf16::decode(std::slice::from_raw_parts(lane.codes.cast(), count), out)
                }
                Format::F16 => codec::f16::decode(std::slice::from_raw_parts(lane.codes.cast(), count), out),
                Format::Int8 { signed } => {
                    let codes = std::slice::from_raw_parts(lane.codes, count);
                    if signed {
                        SIGNED8.decode(codes, *lane.scales, out);
                    } else {
                        UNSIGNED8.decode(codes, *lane.scales, out);
                    }
                }
                Format::Int4 => {
                    for (i, out) in out.chunks_mut(BLOCK4).enumerate() {
                        let codes = lane.codes.add(Format::Int4.bytes(i * BLOCK4));
                        let codes = std::slice::from_raw_parts(codes, Format::Int4.bytes(out.len()));
                        packed::decode(codes, *lane.scales.add(i), out);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn widen<T: Element, R: Real>(from: &[T], to: &mut [R]) {
    to.iter_mut().zip(from).for_each(|(to, &x)| *to = R::from_f64(x.into()));
}

struct Encode<'a, R> {
    lane: Lane,
    format: Format,
    from: &'a [R],
    rounded: Rounded,
    flat: usize,
}

impl<R: Math> Work for Encode<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { lane, format, from, rounded, flat } = self;
        let count = from.len();
        // SAFETY: `Lane::store` was promised a lane of this format with so many elements.
        unsafe {
            match format {
                Format::F64 => narrow(from, std::slice::from_raw_parts_mut(lane.codes.cast::<f64>(), count)),
                Format::F32 => narrow(from, std::slice::from_raw_parts_mut(lane.codes.cast::<f32>(), count)),
                Format::Bf16 => {
                    let to = std::slice::from_raw_parts_mut(lane.codes.cast(), count);
                    match rounded {
                        Rounded::Nearest => codec::bf16::encode_nearest(from, to),
                        Rounded::Stochastic(random) => {
                            codec::bf16::encode_stochastic(from, to, random, flat as u64);
                        }
                    }
                }
                Format::F16 => {
                    let to = std::slice::from_raw_parts_mut(lane.codes.cast(), count);
                    match rounded {
                        Rounded::Nearest => codec::f16::encode_nearest(from, to),
                        Rounded::Stochastic(random) => {
                            codec::f16::encode_stochastic(from, to, random, flat as u64);
                        }
                    }
                }
                Format::Int8 { signed } => {
                    let codes = std::slice::from_raw_parts_mut(lane.codes, count);
                    *lane.scales = match signed {
                        true => SIGNED8.encode(from, codes),
                        false => UNSIGNED8.encode(from, codes),
                    };
                    if !signed {
                        // A mean square of 0 beside a mean that is not would make a step without bound.
                        for (code, &x) in codes.iter_mut().zip(from) {
                            *code = (*code).max(u8::from(x > R::default()));
                        }
                    }
                }
                Format::Int4 => {
                    for (i, from) in from.chunks(BLOCK4).enumerate() {
                        let codes = lane.codes.add(Format::Int4.bytes(i * BLOCK4));
                        let codes = std::slice::from_raw_parts_mut(codes, Format::Int4.bytes(from.len()));
                        *lane.scales.add(i) = packed::encode(from, codes);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn narrow<R: Math, T: Element>(from: &[R], to: &mut [T]) {
    to.iter_mut().zip(from).for_each(|(to, &x)| *to = T::nearest(x.into()));
}

/// A number for each element of some tensors, in some format.
#[derive(Debug)]
pub(crate) struct State {
    format: Format,
    /// The codes of each tensor, one after the other, each from a whole word on.
    codes: Vec<u64>,
    scales: Vec<f32>,
    /// Where each tensor begins in `codes` and `scales`, and its elements.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    word: usize,
    scale: usize,
    len: usize,
}

impl State {
    /// State of tensors of these lengths, all `init`.
    pub(crate) fn new<R: Math>(format: Format, lens: &[usize], init: f64, level: Level) -> Self {
        let (mut word, mut scale) = (0, 0);
        let place = |&len: &usize| {
            let place = Place { word, scale, len };
            word += format.bytes(len).div_ceil(8);
            scale += format.scales(len);
            place
        };
        let places = lens.iter().map(place).collect();
        let codes = vec![u64::from_ne_bytes([format.zero(); 8]); word];
        let mut state = Self { format, codes, scales: vec![0.0; scale], places };
        if init != 0.0 {
            for (tensor, &len) in lens.iter().enumerate() {
                state.write::<R>(tensor, &vec![R::from_f64(init); len], level);
            }
        }
        state
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Bytes that it takes, scales and all.
    pub(crate) fn bytes(&self) -> usize {
        8 * self.codes.len() + 4 * self.scales.len()
    }

    /// Where a tensor's state lies.
    pub(crate) fn lane(&mut self, tensor: usize) -> Lane {
        let place = self.places[tensor];
        // Zero-sized tensors lie at the end.
        Lane {
            codes: self.codes.as_mut_ptr().wrapping_add(place.word).cast(),
            scales: self.scales.as_mut_ptr().wrapping_add(place.scale),
        }
    }

    /// The state of a tensor.
    pub(crate) fn read<R: Math>(&self, tensor: usize, level: Level) -> Vec<R> {
        let place = self.places[tensor];
        let lane = Lane {
            codes: self.codes.as_ptr().wrapping_add(place.word).cast_mut().cast(),
            scales: self.scales.as_ptr().wrapping_add(place.scale).cast_mut(),
        };
        let mut values = Vec::with_capacity(place.len);
        let mut chunk = [R::default(); CHUNK];
        for piece in chunks(place.len) {
            // SAFETY: the lane is that of a tensor of this length; it is read alone.
            unsafe { lane.load(self.format, piece.start, piece.len, level, &mut chunk) };
            values.extend_from_slice(&chunk[..piece.len]);
        }
        values
    }

    /// Replaces the state of a tensor.
    pub(crate) fn write<R: Math>(&mut self, tensor: usize, values: &[R], level: Level) {
        assert_eq!(values.len(), self.places[tensor].len);
        let (lane, format) = (self.lane(tensor), self.format);
        for piece in chunks(values.len()) {
            let mut chunk = [R::default(); CHUNK];
            chunk[..piece.len].copy_from_slice(&values[piece.start..][..piece.len]);
            // SAFETY: as in `read`, and the borrow is exclusive.
            unsafe { lane.store(format, piece.start, &chunk, piece.len, level, Rounded::Nearest, 0) };
        }
    }

    /// The codes and scales of a tensor as they are kept.
    pub(crate) fn raw(&self, tensor: usize) -> (&[u8], &[f32]) {
        let place = self.places[tensor];
        let bytes = self.format.bytes(place.len);
        // SAFETY: the words of the tensor hold so many bytes (`new`), and any byte is a u8.
        let codes = unsafe { std::slice::from_raw_parts(self.codes.as_ptr().add(place.word).cast(), bytes) };
        (codes, &self.scales[place.scale..][..self.format.scales(place.len)])
    }

    /// Replaces the codes and scales of a tensor, which must be as many as [`raw`](Self::raw) gives.
    pub(crate) fn set_raw(&mut self, tensor: usize, codes: &[u8], scales: &[f32]) {
        let place = self.places[tensor];
        assert_eq!(codes.len(), self.format.bytes(place.len));
        // SAFETY: as in `raw`, and the borrow is exclusive.
        unsafe {
            std::ptr::copy_nonoverlapping(
                codes.as_ptr(),
                self.codes.as_mut_ptr().add(place.word).cast(),
                codes.len(),
            );
        }
        self.scales[place.scale..][..self.format.scales(place.len)].copy_from_slice(scales);
    }
}

/// The chunks of a tensor.
pub(crate) fn chunks(len: usize) -> impl Iterator<Item = Piece> {
    (0..len).step_by(CHUNK).map(move |start| Piece {
        member: 0,
        start,
        len: CHUNK.min(len - start),
        flat: start,
    })
}
