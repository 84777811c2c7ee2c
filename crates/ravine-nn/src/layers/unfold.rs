//! Images as columns of windows, so that a convolution is a matrix product, and back.

use std::ops::Range;

use super::window::Axis;
use crate::Float;

/// Where the windows of `rows` have one tap in a plane and in its row of the columns.
struct Tap {
    /// Rows of windows, counted from the first of `rows`, for which the tap is on the image.
    lines: Range<usize>,
    /// The same for the columns.
    inside: Range<usize>,
    /// The pixel under the tap in the first such window.
    pixel: usize,
    /// The pixel one row of windows further.
    pitch: usize,
}

impl Tap {
    #[inline(always)]
    fn new(
        [vertical, horizontal]: &[Axis; 2],
        [down, across]: [usize; 2],
        rows: &Range<usize>,
    ) -> Option<Self> {
        let (lines, inside) = (vertical.inside(down), horizontal.inside(across));
        let lines = lines.start.max(rows.start)..lines.end.min(rows.end);
        if lines.is_empty() || inside.is_empty() {
            return None;
        }
        let pixel =
            vertical.pixel(down, lines.start) * horizontal.input + horizontal.pixel(across, inside.start);
        let lines = lines.start - rows.start..lines.end - rows.start;
        Some(Self { lines, inside, pixel, pitch: vertical.stride * horizontal.input })
    }
}

ravine::simd! {
    /// Writes the pixels under each tap, zeros for padding: `columns` is [planes of `x`, taps, windows of `rows`].
    pub(crate) fn gather<T: Float>(axes: &[Axis; 2], x: &[T], rows: Range<usize>, columns: &mut [T]) {
        let [vertical, horizontal] = axes;
        let (width, stride) = (horizontal.output, horizontal.stride);
        let mut targets = columns.chunks_exact_mut(rows.len() * width);
        for plane in x.chunks_exact(vertical.input * horizontal.input) {
            for (down, across) in taps(axes) {
                let Some(target) = targets.next() else { return };
                let Some(tap) = Tap::new(axes, [down, across], &rows) else {
                    target.fill(T::ZERO);
                    continue;
                };
                let Range { start, end } = tap.inside;
                target[..tap.lines.start * width].fill(T::ZERO);
                target[tap.lines.end * width..].fill(T::ZERO);
                let target = &mut target[tap.lines.start * width..tap.lines.end * width];
                if horizontal.is_same() && vertical.stride == 1 {
                    // All lines at once; what comes over the edge from the next line is padding.
                    let last = target.len() - (width - end);
                    target[start..last].copy_from_slice(&plane[tap.pixel..][..last - start]);
                    for line in target.chunks_exact_mut(width) {
                        line[..start].fill(T::ZERO);
                        line[end..].fill(T::ZERO);
                    }
                    continue;
                }
                for (i, line) in target.chunks_exact_mut(width).enumerate() {
                    let source = &plane[tap.pixel + i * tap.pitch..];
                    line[..start].fill(T::ZERO);
                    line[end..].fill(T::ZERO);
                    let line = &mut line[start..end];
                    if stride == 1 {
                        line.copy_from_slice(&source[..line.len()]);
                    } else {
                        for (to, from) in line.iter_mut().zip(source.iter().step_by(stride)) {
                            *to = *from;
                        }
                    }
                }
            }
        }
    }

    /// Adds the columns to the pixels that `gather` reads them from. Spoils the columns.
    pub(crate) fn scatter<T: Float>(axes: &[Axis; 2], columns: &mut [T], rows: Range<usize>, x: &mut [T]) {
        let [vertical, horizontal] = axes;
        let (width, stride) = (horizontal.output, horizontal.stride);
        let mut sources = columns.chunks_exact_mut(rows.len() * width);
        for plane in x.chunks_exact_mut(vertical.input * horizontal.input) {
            for (down, across) in taps(axes) {
                let Some(source) = sources.next() else { return };
                let Some(tap) = Tap::new(axes, [down, across], &rows) else { continue };
                let Range { start, end } = tap.inside;
                let source = &mut source[tap.lines.start * width..tap.lines.end * width];
                if horizontal.is_same() && vertical.stride == 1 {
                    for line in source.chunks_exact_mut(width) {
                        line[..start].fill(T::ZERO);
                        line[end..].fill(T::ZERO);
                    }
                    let source = &source[start..source.len() - (width - end)];
                    for (to, &from) in plane[tap.pixel..][..source.len()].iter_mut().zip(source) {
                        *to = *to + from;
                    }
                    continue;
                }
                for (i, line) in source.chunks_exact(width).enumerate() {
                    let target = &mut plane[tap.pixel + i * tap.pitch..];
                    let line = &line[start..end];
                    if stride == 1 {
                        for (to, &from) in target.iter_mut().zip(line) {
                            *to = *to + from;
                        }
                    } else {
                        for (to, &from) in target.iter_mut().step_by(stride).zip(line) {
                            *to = *to + from;
                        }
                    }
                }
            }
        }
    }
}

/// The taps of a window, row by row.
#[inline(always)]
fn taps([vertical, horizontal]: &[Axis; 2]) -> impl Iterator<Item = (usize, usize)> {
    let across = horizontal.kernel;
    (0..vertical.kernel * across).map(move |tap| (tap / across, tap % across))
}
