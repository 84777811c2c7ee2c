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

/// Signed, 8 bits: 7 decades of 1 to 64 cells.
pub const SIGNED8: Map<7> = Map::new(true);
/// Not negative, 8 bits: 7 decades of 2 to 128 cells. What is negative becomes 0.
pub const UNSIGNED8: Map<7> = Map::new(false);
/// Signed, 4 bits: 3 decades of 1 to 4 cells.
pub const SIGNED4: Map<3> = Map::new(true);

/// The first cell of a decade begins this much of a cell late: half-way between its middle and that of the cell before,
/// which is a fifth as wide.
const LATE: f32 = 0.2;
/// From 2^23 on an f32 is a whole number, which its low bits hold.
const WHOLE: f32 = 8_388_608.0;
const SIGN: u32 = 0x8000_0000;

/// A map of `D` decades.
#[derive(Clone, Copy, Debug)]
pub struct Map<const D: usize> {
    signed: bool,
    /// Slope and offset of the decades' lines.
    lines: [(f32, f32); D],
    /// The decades' first cells, and what makes numbers of their cells.
    factors: [(f32, f32); D],
    /// The same for the code of 1.
    one: (f32, f32),
    /// From here on 1 is nearest.
    top: f32,
}

impl<const D: usize> Map<D> {
    const fn new(signed: bool) -> Self {
        let (mut lines, mut factors) = ([(0.0, 0.0); D], [(0.0, 0.0); D]);
        let (mut cells, mut scale) = (if signed { 1.0 } else { 2.0 }, 0.1);
        let mut i = 0;
        while i < D {
            scale *= 10.0;
            i += 1;
        }
        // `scale` makes 0.1 .. 1 of decade i.
        i = 0;
        while i < D {
            lines[i] = ((scale * cells / 0.9) as f32, (cells * 8.0 / 9.0) as f32);
            factors[i] = (cells as f32, (1.0 / (20.0 * cells * scale)) as f32);
            if i == 0 {
                // The lowest cell begins half-way from 0 to its middle.
                let (middle, next) = (0.1 + 0.45 / cells, 0.1 + 0.9 / cells);
                let start = cells + LATE as f64;
                // Without a sign the next cell is one of the same line. With a sign any offset from 0 to 1 will do.
                let slope = if signed {
                    (start - 0.5) / (middle / 2.0)
                } else {
                    (cells + 1.0 - start) / (next - middle / 2.0)
                };
                lines[0] = ((scale * slope) as f32, (start - slope * middle / 2.0) as f32);
            }
            i += 1;
            cells *= 2.0;
            scale /= 10.0;
        }
        let top = (1.0 - 0.45 / cells) as f32;
        Self { signed, lines, factors, one: (cells as f32, (1.0 / (2.0 * cells + 9.0)) as f32), top }
    }

    /// The code of 0: 127, 0 or, of 4 bits, 7.
    #[inline(always)]
    pub const fn zero(&self) -> u8 {
        if self.signed { ((1 << D) - 1) as u8 } else { 0 }
    }

    /// Writes the code of each number of a block and returns the block's scale, its largest magnitude.
    ///
    /// The code is that of the value nearest to number / scale. Half-way between two values, to within 2e-5 of their
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

    /// Reads a block back: scale times the values of the codes, which are right to a unit in the last place of f32.
    #[inline(always)]
    pub fn decode<R: Value>(&self, codes: &[u8], scale: f32, to: &mut [R]) {
        for (to, &code) in to.iter_mut().zip(codes) {
            *to = R::widen(self.value(code) * scale);
        }
    }

    #[inline(always)]
    fn code(&self, x: f32) -> u8 {
        let size = if self.signed {
            x.abs()
        } else if x > 0.0 {
            x
        } else {
            0.0
        };
        let (slope, offset) = self.lines[0];
        let mut line = size * slope + offset;
        for (slope, offset) in &self.lines[1..] {
            let next = size * slope + offset;
            line = if next < line { next } else { line };
        }
        let whole = line + (WHOLE - 0.5);
        let cell = whole - WHOLE;
        let first = cell.to_bits() & 0x007f_ffff == 0;
        let late = u32::from(first & (line - cell < LATE));
        let number = whole.to_bits().wrapping_sub(late).wrapping_add(u32::from(x >= self.top));
        if self.signed {
            let sign = (x.to_bits() as i32 >> 31) as u32;
            ((number ^ sign).wrapping_sub(sign)).wrapping_add(u32::from(self.zero())) as u8
        } else {
            number.wrapping_sub(1) as u8
        }
    }

    #[inline(always)]
    fn value(&self, code: u8) -> f32 {
        let shift = if self.signed { -i32::from(self.zero()) } else { 1 };
        let signed = (i32::from(code) + shift) as f32;
        let number = signed.abs();
        let mut factor = 0.0;
        for (first, next) in self.factors {
            factor = if number >= first { next } else { factor };
        }
        factor = if number >= self.one.0 { self.one.1 } else { factor };
        // The number of the decade's first cell, or of the lowest.
        let first = f32::from_bits(number.to_bits() & 0x7f80_0000);
        let value = (18.0 * number - 16.0 * first + 9.0) * factor;
        if self.signed { value.copysign(signed) } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x() {
        for code in 0..=255 {
            println!("{} {:e} {:e}", code, SIGNED8.value(code), UNSIGNED8.value(code));
            assert_eq!(SIGNED8.code(SIGNED8.value(code)), code);
            assert_eq!(UNSIGNED8.code(UNSIGNED8.value(code)), code);
        }
        for code in 0..=15 {
            println!("{} {:e}", code, SIGNED4.value(code));
            assert_eq!(SIGNED4.code(SIGNED4.value(code)), code);
        }
    }
}
