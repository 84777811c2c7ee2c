//! Convolutions of images and their transposes.

use super::correlation::Correlation;
use super::window::{Window, image};
use crate::parallel::{self, Scratch};
use crate::sums::total;
use crate::{Activation, Backward, Error, Float, Forward, Init, Layer, Padding, Pair, Param, Scope, Shape};

/// A convolution: `[in, height, width]` to `[out, windows down, windows across]`,
/// `y[o, i, j] = b[o] + sum_{c, u, v} W[o, c, u, v] x[c, i s + u d - p, j s + v d - p]` for stride s, dilation d and
/// padding p; or the transpose of that map.
///
/// Parameters `weight` `[out, in / groups, height, width]` of the kernel (transposed: `[in, out / groups, height, width]`)
/// and `bias` `[out]`; by default both start uniform within 1 / sqrt(second extent x kernel), as in PyTorch. Stride and
/// dilation are 1, padding is 0, and there is one group, unless said otherwise. An activation that follows is done here.
#[derive(Debug)]
pub struct Conv2d<T> {
    transposed: bool,
    outputs: usize,
    groups: usize,
    window: Window,
    output_padding: Pair,
    weight_init: Init,
    bias_init: Option<Init>,
    activation: Option<Activation>,
    weight: Param,
    bias: Param,
    /// Known when it is built.
    map: Option<Correlation>,
    scratch: Scratch<T>,
    /// The gradients of weight and bias over each group of images.
    partial: Vec<T>,
}

/// Multiply-adds in a task: some microseconds.
const TASK: usize = 1 << 19;

/// The most groups of images whose gradients are summed apart.
const GROUPS: usize = 16;

/// The most values for all of these sums together.
const PARTIAL: usize = 1 << 22;

impl<T: Float> Conv2d<T> {
    /// A convolution with so many output channels and a kernel of this size.
    pub fn new(outputs: usize, kernel: impl Into<Pair>) -> Self {
        Self {
            transposed: false,
            outputs,
            groups: 1,
            window: Window::new(kernel.into()),
            output_padding: Pair([0; 2]),
            weight_init: Init::torch_linear(),
            bias_init: Some(Init::torch_linear()),
            activation: None,
            weight: Param::default(),
            bias: Param::default(),
            map: None,
            scratch: Scratch::default(),
            partial: Vec::new(),
        }
    }

    /// The transpose of a convolution, also called deconvolution, PyTorch's `ConvTranspose2d`: from images as large as that
    /// convolution's results to images as large as its inputs, (extent - 1) stride - 2 padding + dilation (kernel - 1) + 1;
    /// extent x stride with [`Padding::Same`].
    pub fn transposed(outputs: usize, kernel: impl Into<Pair>) -> Self {
        Self { transposed: true, ..Self::new(outputs, kernel) }
    }

    /// Pixels from one window to the next.
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.window.stride = stride.into();
        self
    }

    /// What lies around the image (transposed: around the result).
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.window.padding = padding.into();
        self
    }

    /// Pixels from one tap of a window to the next.
    pub fn dilation(mut self, dilation: impl Into<Pair>) -> Self {
        self.window.dilation = dilation.into();
        self
    }

    /// Of the sizes that a transposed convolution's result may have with a stride, the one that is so much larger than the
    /// smallest; less than the stride.
    pub fn output_padding(mut self, more: impl Into<Pair>) -> Self {
        self.output_padding = more.into();
        self
    }

    /// Cuts the channels into so many groups, each convolved on its own; as many as inputs is called depthwise.
    pub fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// How the weight starts.
    pub fn weight_init(self, init: Init) -> Self {
        Self { weight_init: init, ..self }
    }

    /// How the bias starts.
    pub fn bias_init(self, init: Init) -> Self {
        Self { bias_init: Some(init), ..self }
    }

    /// Without a bias.
    pub fn no_bias(self) -> Self {
        Self { bias_init: None, ..self }
    }

    /// The large image behind a small one.
    fn large_size(&self, small: [usize; 2], name: &str) -> Result<[usize; 2], Error> {
        let Window { kernel, stride, dilation, padding } = self.window;
        let (more, mut size) = (self.output_padding.0, [0; 2]);
        for i in 0..2 {
            size[i] = match padding {
                Padding::Same => Some(small[i].saturating_mul(stride.0[i])),
                Padding::Each(Pair(each)) => (|| {
                    let reach = dilation.0[i].checked_mul(kernel.0[i].checked_sub(1)?)?.checked_add(1)?;
                    let all =
                        (small[i] - 1).checked_mul(stride.0[i])?.checked_add(reach)?.checked_add(more[i])?;
                    all.checked_sub(each[i].checked_mul(2)?).filter(|&size| size > 0)
                })(),
            }
            .ok_or_else(|| {
                let problem =
                    format!("the padding leaves nothing of the result of an image of {}", Pair(small));
                Error::layer(name, problem)
            })?;
        }
        Ok(size)
    }

    fn map(&self) -> &Correlation {
        self.map.as_ref().expect("a layer is built before it is used")
    }

    /// Values in an image of the input and in one of the result.
    fn lens(&self) -> (usize, usize) {
        let (large, small) = (self.map().large_len(), self.map().small_len());
        if self.transposed { (small, large) } else { (large, small) }
    }

    /// Images in a task.
    fn images(&self) -> usize {
        (TASK / self.map().work()).max(1)
    }
}

impl<T: Float> Layer<T> for Conv2d<T> {
    fn build(&mut self, input: &Shape, scope: &mut Scope<'_, T>) -> Result<Shape, Error> {
        let error = |problem: String| Err(Error::layer(scope.path(), problem));
        let (inputs, size) = image(input, scope.path(), "a convolution")?;
        let (outputs, groups) = (self.outputs, self.groups);
        if outputs == 0 {
            return error("a convolution needs at least one output channel, got 0".into());
        }
        if groups == 0 || inputs % groups != 0 || outputs % groups != 0 {
            return error(format!("{inputs} channels to {outputs} cannot be cut into {groups} groups"));
        }
        let (more, stride) = (self.output_padding, self.window.stride);
        let takes_more = self.transposed && self.window.padding != Padding::Same;
        if more.0 != [0; 2] && !(takes_more && more.0[0] < stride.0[0] && more.0[1] < stride.0[1]) {
            let place = "a transposed convolution with padding of its own and a larger stride";
            return error(format!("output padding {more} needs {place}, got stride {stride}"));
        }
        let large = if self.transposed { self.large_size(size, scope.path())? } else { size };
        let axes = self.window.over(large, scope.path())?;
        let (large, small) = if self.transposed { (outputs, inputs) } else { (inputs, outputs) };
        self.map = Some(Correlation { axes, groups, large: large / groups, small: small / groups });
        self.partial = Vec::new();

        let Pair([height, width]) = self.window.kernel;
        let shape = [small, large / groups, height, width];
        let area = height.saturating_mul(width);
        let fan = ((large / groups).saturating_mul(area), small.saturating_mul(area));
        self.weight = scope.param("weight", shape, self.weight_init, fan)?;
        if let Some(init) = self.bias_init {
            self.bias = scope.param("bias", outputs, init, fan)?;
        }
        let output = axes.map(|axis| if self.transposed { axis.input } else { axis.output });
        Ok([outputs, output[0], output[1]].into())
    }

    fn forward(&mut self, pass: &Forward<'_, T>, x: &[T], y: &mut [T]) {
        let (map, images, (x_len, y_len)) = (self.map(), self.images(), self.lens());
        let (weight, bias) = (self.weight.of(pass.values), self.bias.of(pass.values));
        parallel::pieces(y, images * y_len, |i, y| {
            self.scratch.with(map.scratch_len(), |scratch| {
                let x = x[i * images * x_len..].chunks_exact(x_len);
                for (x, y) in x.zip(y.chunks_exact_mut(y_len)) {
                    if self.transposed {
                        map.up(weight, x, y, scratch);
                    } else {
                        map.down(weight, x, y, scratch);
                    }
                    for (o, plane) in y.chunks_exact_mut(y_len / self.outputs).enumerate() {
                        if let Some(&bias) = bias.get(o) {
                            add(bias, plane);
                        }
                        if let Some(activation) = self.activation {
                            activation.apply(plane);
                        }
                    }
                }
            });
        });
    }

    fn backward(&mut self, pass: &mut Backward<'_, T>, x: &[T], y: &[T], dy: &[T], dx: Option<&mut [T]>) {
        let mut partial = std::mem::take(&mut self.partial);
        let (map, (x_len, y_len)) = (self.map(), self.lens());
        let (weight, bias_len) = (self.weight.of(pass.values), self.bias.of(pass.values).len());
        let sums = map.weight_len() + bias_len;
        let images = pass.batch.div_ceil((PARTIAL / sums).clamp(1, GROUPS)).max(self.images());
        partial.resize(pass.batch.div_ceil(images) * sums, T::ZERO);

        let dz_len = if self.activation.is_some() { y_len } else { 0 };
        let group = |i: usize, partial: &mut [T], dx: &mut [T]| {
            self.scratch.with(dz_len + map.scratch_len(), |scratch| {
                let (dz, scratch) = scratch.split_at_mut(dz_len);
                let (d_weight, d_bias) = partial.split_at_mut(map.weight_len());
                d_weight.fill(T::ZERO);
                d_bias.fill(T::ZERO);
                let mut dx = dx.chunks_exact_mut(x_len);
                for image in i * images..pass.batch.min((i + 1) * images) {
                    let x = &x[image * x_len..][..x_len];
                    let (y, dy) = (&y[image * y_len..][..y_len], &dy[image * y_len..][..y_len]);
                    let dz = match self.activation {
                        Some(activation) => {
                            activation.backward(y, dy, dz);
                            &*dz
                        }
                        None => dy,
                    };
                    for (sum, plane) in d_bias.iter_mut().zip(dz.chunks_exact(y_len / self.outputs)) {
                        *sum = *sum + T::from_f64(total(plane));
                    }
                    let dx = dx.next();
                    if self.transposed {
                        map.by_weight(dz, x, d_weight, scratch);
                        if let Some(dx) = dx {
                            map.down(weight, dz, dx, scratch);
                        }
                    } else {
                        map.by_weight(x, dz, d_weight, scratch);
                        if let Some(dx) = dx {
                            map.up(weight, dz, dx, scratch);
                        }
                    }
                }
            });
        };
        match dx {
            Some(dx) => parallel::pairs((&mut partial, sums), (dx, images * x_len), group),
            None => parallel::pieces(&mut partial, sums, |i, partial| group(i, partial, &mut [])),
        }
        let (first, rest) = partial.split_at_mut(sums);
        rest.chunks_exact(sums).for_each(|partial| accumulate(partial, first));
        let (d_weight, d_bias) = first.split_at(map.weight_len());
        map.add_by_weight(d_weight, self.weight.of_mut(pass.grads));
        accumulate(d_bias, self.bias.of_mut(pass.grads));
        self.partial = partial;
    }

    fn absorb(&mut self, activation: Activation) -> bool {
        let take = self.activation.is_none() && activation.derivative_is_of_result();
        if take {
            self.activation = Some(activation);
        }
        take
    }

    fn activation(&self) -> Option<Activation> {
        self.activation
    }
}

ravine::simd! {
    fn add<T: Float>(bias: T, plane: &mut [T]) {
        for y in plane {
            *y = *y + bias;
        }
    }

    fn accumulate<T: Float>(x: &[T], sums: &mut [T]) {
        for (sum, &x) in sums.iter_mut().zip(x) {
            *sum = *sum + x;
        }
    }
}
