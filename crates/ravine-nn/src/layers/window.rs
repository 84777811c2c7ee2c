//! Windows that slide over images: their extents, steps and edges.

use std::fmt;
use std::ops::Range;

use crate::{Error, Shape};

/// A height and a width; a single number is both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair(pub(crate) [usize; 2]);

impl From<usize> for Pair {
    fn from(both: usize) -> Self {
        Self([both; 2])
    }
}

impl From<[usize; 2]> for Pair {
    fn from(pair: [usize; 2]) -> Self {
        Self(pair)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [height, width] = self.0;
        write!(f, "{height} x {width}")
    }
}

/// What lies around an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// So many rows on top and as many below, so many columns on the left and as many on the right, as in PyTorch.
    Each(Pair),
    /// As many as it takes for a result of the input's extent divided by the stride, rounded up; where the number is
    /// odd, the one more comes below and on the right, as in TensorFlow.
    Same,
}

impl<P: Into<Pair>> From<P> for Padding {
    fn from(each: P) -> Self {
        Self::Each(each.into())
    }
}

/// How windows slide.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) kernel: Pair,
    pub(crate) stride: Pair,
    pub(crate) dilation: Pair,
    pub(crate) padding: Padding,
}

impl Window {
    pub(crate) fn new(kernel: Pair) -> Self {
        Self { kernel, stride: Pair([1; 2]), dilation: Pair([1; 2]), padding: Padding::Each(Pair([0; 2])) }
    }

    /// The windows over an image of this height and width; an error if there are none.
    pub(crate) fn over(&self, size: [usize; 2], name: &str) -> Result<[Axis; 2], Error> {
        let [kernel, stride, dilation] = [self.kernel.0, self.stride.0, self.dilation.0];
        for (what, pair) in [("kernel", self.kernel), ("stride", self.stride), ("dilation", self.dilation)] {
            if pair.0.contains(&0) {
                return Err(Error::layer(name, format!("the {what} must be at least 1 x 1, got {pair}")));
            }
        }
        let axis = |i: usize| {
            // The pixels from the first tap to the last.
            let reach = dilation[i].checked_mul(kernel[i] - 1)?.checked_add(1)?;
            let (before, both) = match self.padding {
                Padding::Each(Pair(each)) => (each[i], each[i].checked_mul(2)?),
                Padding::Same => {
                    let last = (size[i].div_ceil(stride[i]) - 1) * stride[i];
                    let both = last.checked_add(reach)?.saturating_sub(size[i]);
                    (both / 2, both)
                }
            };
            let room = size[i].checked_add(both)?.checked_sub(reach)?;
            let (input, output) = (size[i], room / stride[i] + 1);
            Some(Axis { input, output, kernel: kernel[i], stride: stride[i], dilation: dilation[i], before })
        };
        let (Some(vertical), Some(horizontal)) = (axis(0), axis(1)) else {
            let Window { kernel, dilation, padding, .. } = self;
            let around = match padding {
                Padding::Each(each) => format!("padding {each}"),
                Padding::Same => "the same padding".into(),
            };
            let problem = format!(
                "a kernel of {kernel} with dilation {dilation} does not fit into an image of {} with {around}",
                Pair(size)
            );
            return Err(Error::layer(name, problem));
        };
        Ok([vertical, horizontal])
    }
}

/// Windows along the height or the width of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    /// Pixels.
    pub(crate) input: usize,
    /// Windows.
    pub(crate) output: usize,
    /// Taps in a window.
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    /// Padding before the first pixel.
    pub(crate) before: usize,
}

impl Axis {
    /// The windows whose tap of this number lies on a pixel, not in the padding.
    #[inline]
    pub(crate) fn inside(&self, tap: usize) -> Range<usize> {
        let offset = tap * self.dilation;
        let end = (self.input + self.before).saturating_sub(offset).div_ceil(self.stride).min(self.output);
        self.before.saturating_sub(offset).div_ceil(self.stride).min(end)..end
    }

    /// The pixel under a tap of a window; it must be inside.
    #[inline]
    pub(crate) fn pixel(&self, tap: usize, window: usize) -> usize {
        window * self.stride + tap * self.dilation - self.before
    }

    /// Whether there are as many windows as pixels and each is one pixel further.
    pub(crate) fn is_same(&self) -> bool {
        self.stride == 1 && self.input == self.output
    }
}

/// The channels and the height and width of an image; an error if `input` is no image.
pub(crate) fn image(input: &Shape, name: &str, layer: &str) -> Result<(usize, [usize; 2]), Error> {
    match *input.dims() {
        [channels, height, width] => Ok((channels, [height, width])),
        _ => {
            let problem = format!("{layer} needs an example of shape [channels, height, width], got {input}");
            Err(Error::layer(name, problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_and_pixel_by_counting() {
        for input in 1..9 {
            for kernel in 1..5 {
                for stride in 1..4 {
                    for dilation in 1..4 {
                        let each = (0..4).map(Padding::from).chain([Padding::Same]);
                        for padding in each {
                            let mut window = Window::new(kernel.into());
                            (window.stride, window.dilation) = (stride.into(), dilation.into());
                            window.padding = padding;
                            let Ok([axis, _]) = window.over([input; 2], "") else { continue };
                            if padding == Padding::Same {
                                assert_eq!(axis.output, input.div_ceil(stride));
                            }
                            for tap in 0..kernel {
                                let inside = |o: &usize| {
                                    let at = o * stride + tap * dilation;
                                    at >= axis.before && at < input + axis.before
                                };
                                let expected: Vec<_> = (0..axis.output).filter(inside).collect();
                                assert_eq!(axis.inside(tap).collect::<Vec<_>>(), expected, "{axis:?} {tap}");
                            }
                        }
                    }
                }
            }
        }
    }
}
