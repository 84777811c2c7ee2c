//! Dynamic maps: codes of 8 or 4 bits for the numbers of a block relative to its largest.
//!
//! Dettmers, Lewis, Shleifer, Zettlemoyer, "8-bit Optimizers via Block-wise Quantization", ICLR 2022, section 2.2. The
//! codes are those of bitsandbytes' `create_dynamic_map(signed, 7, 8)`, and `(True, 3, 4)` for 4 bits, in rising order:
//! there are `D` decades, counted from 0; decade i reaches from 10^(i - D) to 10^(i - D + 1) and is cut into n = 2^i
//! cells of equal width (2^(i + 1) without a sign); a code stands for the middle of its cell. Besides there are 0 and
//! 1, not -1.
//!
//! A cell has a number j = n + k, k = 0 .. n - 1: the leading bit of j tells the decade, as a float's exponent would.
//! So neither direction needs the table. The middle of a cell is (18 j - 16 n + 9) times a constant of the decade. And
//! j is the whole part of the least of `D` straight lines in the number, since the lines of the decades form a concave
//! curve; only the first cell of a decade, which is wider than the one before, begins later than its number says.

use super::Value;

/// Elements that share a scale in 8-bit formats. The last block of a tensor may be shorter.
pub const BLOCK8: usize = 256;
/// Elements that share a scale in the 4-bit format.
pub const BLOCK4: usize = 128;

/// Scales of a tensor in 8-bit formats, which has as many bytes of codes as elements.
pub const fn scales8(len: usize) -> usize {
    len.div_ceil(BLOCK8)
}

/// Scales of a tensor in the 4-bit format.
pub const fn scales4(len: usize) -> usize {
    len.div_ceil(BLOCK4)
}

/// Signed, 8 bits: 7 decades of 1 to 64 cells.
pub const SIGNED8: Map<7> = Map::new(true);
/// Not negative, 8 bits: 7 decades of 2 to 128 cells. What is negative becomes 0.
pub const UNSIGNED8: Map<7> = Map::new(false);
/// Signed, 4 bits: 3 decades of 1 to 4 cells.
pub const SIGNED4: Map<3> = Map::new(true);

/// The first cell of a decade begins this much of a cell late: half-way between its middle and that of the cell before,
/// which is a fifth as wide.
const LATE: f64 = 0.2;
/// From 2^23 to 2^24 an f32 is a whole number, which its low bits hold.
const WHOLE: f32 = 8_388_608.0;
const SIGN: u32 = 0x8000_0000;
const FRACTION: u32 = 0x007f_ffff;

/// A map of `D` decades.
#[derive(Clone, Copy, Debug)]
pub struct Map<const D: usize> {
    signed: bool,
    /// Slope and offset of the decades' lines.
    lines: [(f32, f32); D],
    /// From here on 1 is nearest.
    top: f32,
    /// What makes a value of the middle of a cell of the lowest decade.
    unit: f32,
}

impl<const D: usize> Map<D> {
    const fn new(signed: bool) -> Self {
        let mut lines = [(0.0, 0.0); D];
        let (mut cells, mut power) = (if signed { 1.0 } else { 2.0 }, 0.1);
        let mut i = 0;
        while i < D {
            power *= 10.0;
            i += 1;
        }
        let unit = (0.05 / (cells * power)) as f32;
        // `power` takes decade i to 0.1 .. 1.
        i = 0;
        while i < D {
            let line = if i > 0 {
                (power * cells / 0.9, cells * 8.0 / 9.0)
            } else {
                // The lowest cell begins half-way from 0 to its middle. With a sign it is the only one of its decade,
                // and any offset from 0 to 1 will do.
                let start = (0.05 + 0.225 / cells, cells + LATE);
                let next = if signed { (0.0, 0.5) } else { (0.1 + 0.9 / cells, cells + 1.0) };
                let slope = (next.1 - start.1) / (next.0 - start.0);
                (power * slope, start.1 - slope * start.0)
            };
            lines[i] = (line.0 as f32, line.1 as f32);
            i += 1;
            cells *= 2.0;
            power /= 10.0;
        }
        Self { signed, lines, top: (1.0 - 0.45 / cells) as f32, unit }
    }

    /// The code of 0: 127, 0 or, of 4 bits, 7.
    #[inline(always)]
    pub const fn zero(&self) -> u8 {
        if self.signed { ((1 << D) - 1) as u8 } else { 0 }
    }

    /// Writes the code of each number of a block and returns the block's scale, its largest magnitude.
    ///
    /// The code is that of the value nearest to number / scale. Half-way between two values, to within 4e-5 of their
    /// distance, it is either. Codes do not change if the numbers are multiplied by a power of two.
    ///
    /// If the largest magnitude is below the smallest normal f32, 1.2e-38, the scale is 0 and so is all that is read
    /// back. If a number is infinite or NaN, the scale is NaN, and so is all that is read back.
    #[inline(always)]
    pub fn encode<R: Value>(&self, from: &[R], codes: &mut [u8]) -> f32 {
        // The bits of magnitudes are in the order of the magnitudes, and NaN is above infinity.
        let largest = from.iter().fold(0, |largest, x| largest.max(x.narrow().to_bits() & !SIGN));
        let scale = f32::from_bits(largest);
        if !(f32::MIN_POSITIVE..=f32::MAX).contains(&scale) {
            codes.fill(self.zero());
            return if scale < f32::MIN_POSITIVE { 0.0 } else { f32::NAN };
        }
        let inverse = 1.0 / scale;
        for (code, &x) in codes.iter_mut().zip(from) {
            *code = self.code(x.narrow() * inverse);
        }
        scale
    }

    /// Reads a block back: scale times the values of the codes, which are right to two units in the last place of f32.
    #[inline(always)]
    pub fn decode<R: Value>(&self, codes: &[u8], scale: f32, to: &mut [R]) {
        for (to, &code) in to.iter_mut().zip(codes) {
            *to = R::widen(self.value(code) * scale);
        }
    }

    #[inline(always)]
    fn code(&self, x: f32) -> u8 {
        let positive = if x > 0.0 { x } else { 0.0 };
        let size = if self.signed { x.abs() } else { positive };
        let mut line = size * self.lines[0].0 + self.lines[0].1;
        for (slope, offset) in &self.lines[1..] {
            let next = size * slope + offset;
            line = if next < line { next } else { line };
        }
        // The low bits of `whole` are the number of the cell.
        let whole = line + (WHOLE - 0.5);
        let cell = whole - WHOLE;
        let power_of_two = cell.to_bits() & FRACTION == 0;
        let late = power_of_two & (line - cell < LATE as f32);
        let top = x >= self.top;
        let number = whole.to_bits().wrapping_sub(u32::from(late)).wrapping_add(u32::from(top));
        if self.signed {
            let negative = (x.to_bits() as i32 >> 31) as u32;
            (number ^ negative).wrapping_sub(negative).wrapping_add(u32::from(self.zero())) as u8
        } else {
            number.wrapping_sub(1) as u8
        }
    }

    #[inline(always)]
    fn value(&self, code: u8) -> f32 {
        // Twice the number of the cell, so that with and without a sign the exponent's low bits are the decade's index.
        let number =
            if self.signed { 2 * (i32::from(code) - i32::from(self.zero())) } else { i32::from(code) + 1 }
                as f32;
        let bits = number.to_bits() & !SIGN;
        let eighteen = f32::from_bits(bits) * if self.signed { 9.0 } else { 18.0 };
        let sixteen = f32::from_bits(bits & !FRACTION) * if self.signed { 8.0 } else { 16.0 };
        // 9, but what makes 0 of the number of 0.
        let nine = if self.signed { eighteen } else { eighteen - 20.0 };
        let nine = if nine < 9.0 { nine } else { 9.0 };
        let cells = eighteen - sixteen + nine;
        // The power of 5 of the decade.
        let power = if bits & 1 << 23 != 0 { 5.0 } else { 1.0 };
        let power = if bits & 1 << 24 != 0 { power * 25.0 } else { power };
        let power = if bits & 1 << 25 != 0 { power * 625.0 } else { power };
        // The number of 1 is that of a cell beyond.
        let value = cells * power * self.unit;
        let value = if value < 1.0 { value } else { 1.0 };
        f32::from_bits(value.to_bits() | number.to_bits() & SIGN)
    }
}
