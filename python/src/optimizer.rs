//! The engine's optimizer over arrays of NumPy.

use crate::rule::{Rule, error, hyper_value};
use crate::schedule::Schedule;
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use ravine::{Group, Guard, Outcome, ParamSpec, Plateau};
use std::path::PathBuf;

enum Inner {
    F32(ravine::Optimizer<f32>),
    F64(ravine::Optimizer<f64>),
}

macro_rules! with {
    ($inner:expr, $optimizer:ident => $then:expr) => {
        match $inner {
            Inner::F32($optimizer) => $then,
            Inner::F64($optimizer) => $then,
        }
    };
}

/// Steps named arrays of one type in place.
#[pyclass(module = "ravine._native")]
pub(crate) struct Optimizer {
    inner: Inner,
    params: Vec<ParamSpec>,
    /// The groups with a rule like theirs, from which a hyper-parameter's kind is known.
    rules: Vec<(String, Box<dyn ravine::Rule>)>,
}

/// The memory of arrays as exclusive slices.
///
/// # Safety
/// Each address is that of as many numbers as the parameter has, aligned for their type, and nobody else uses them
/// for `'a`.
unsafe fn slices<'a, T>(addresses: &[usize], params: &[ParamSpec]) -> Vec<&'a mut [T]> {
    let one = |(&address, param): (&usize, &ParamSpec)| match param.len() {
        0 => &mut [][..],
        // SAFETY: as promised by the caller.
        len => unsafe { std::slice::from_raw_parts_mut(address as *mut T, len) },
    };
    addresses.iter().zip(params).map(one).collect()
}

fn bytes<'py, T: ravine::Element>(py: Python<'py>, values: &[T]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &T::to_bytes(values))
}

impl Optimizer {
    fn size(&self) -> usize {
        match self.inner {
            Inner::F32(_) => 4,
            Inner::F64(_) => 8,
        }
    }

    /// Whether there is one address for each parameter, and no memory is meant twice.
    fn check(&self, lists: &[(&str, &[usize])]) -> PyResult<()> {
        let mut ranges: Vec<(usize, usize, String)> = Vec::new();
        for (what, addresses) in lists {
            if addresses.len() != self.params.len() {
                let (expected, got) = (self.params.len(), addresses.len());
                return Err(PyValueError::new_err(format!("expected {expected} {what}s, got {got}")));
            }
            for (&address, param) in addresses.iter().zip(&self.params).filter(|(_, param)| !param.is_empty())
            {
                let end = address.saturating_add(param.len() * self.size());
                ranges.push((address, end, format!("the {what} '{}'", param.name)));
            }
        }
        ranges.sort_unstable_by_key(|range| range.0);
        match ranges.windows(2).find(|pair| pair[1].0 < pair[0].1) {
            Some(pair) => Err(PyValueError::new_err(format!("{} and {} share memory", pair[0].2, pair[1].2))),
            None => Ok(()),
        }
    }

    fn rule_of(&self, group: &str) -> PyResult<&dyn ravine::Rule> {
        let found = self.rules.iter().find(|(name, _)| name == group);
        found.map(|(_, rule)| &**rule).ok_or_else(|| {
            let known = with!(&self.inner, optimizer => optimizer.groups().collect::<Vec<_>>().join(", "));
            PyKeyError::new_err(format!("there is no group '{group}'; there are: {known}"))
        })
    }
}

fn guard(name: &str) -> PyResult<Guard> {
    Ok(match name {
        "error" => Guard::Error,
        "skip" => Guard::Skip,
        "off" => Guard::Off,
        _ => {
            return Err(PyValueError::new_err(format!(
                "guard must be 'error', 'skip' or 'off', not '{name}'"
            )));
        }
    })
}

/// A value of a setting that must be there.
fn setting<'py, T: for<'a> FromPyObject<'a, 'py>>(
    settings: &Bound<'py, PyDict>,
    name: &str,
) -> PyResult<Option<T>> {
    let Some(given) = settings.get_item(name)?.filter(|given| !given.is_none()) else { return Ok(None) };
    given.extract().map(Some).map_err(|_| PyValueError::new_err(format!("{name} is of the wrong type")))
}

#[pymethods]
impl Optimizer {
    /// `groups` holds dictionaries with the key `pattern`, and `rule`, `schedule`, `scale_lr`, `frozen`, `maximize`,
    /// `hyper` where they are not those of all.
    #[new]
    #[allow(clippy::too_many_arguments)]
    fn new(
        rule: &Rule,
        dtype: &str,
        names: Vec<String>,
        shapes: Vec<Vec<usize>>,
        schedule: Option<&Schedule>,
        groups: Vec<Bound<'_, PyDict>>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let mut builder = ravine::Optimizer::builder_boxed(rule.rule.boxed());
        if let Some(schedule) = schedule {
            builder = builder.schedule(schedule.schedule.clone());
        }
        let mut rules = Vec::new();
        for settings in &groups {
            let pattern: String = setting(settings, "pattern")?.unwrap_or_default();
            let mut group = Group::new(&pattern);
            let mut own = rule.rule.boxed();
            if let Some(other) = setting::<PyRef<'_, Rule>>(settings, "rule")? {
                own = other.rule.boxed();
                group = group.rule_boxed(own.boxed());
            }
            if let Some(schedule) = setting::<PyRef<'_, Schedule>>(settings, "schedule")? {
                group = group.schedule(schedule.schedule.clone());
            }
            if let Some(factor) = setting(settings, "scale_lr")? {
                group = group.scale_lr(factor);
            }
            if let Some(on) = setting(settings, "maximize")? {
                group = group.maximize(on);
            }
            if setting(settings, "frozen")?.unwrap_or(false) {
                group = group.freeze();
            }
            if let Some(hyper) = setting::<Bound<'_, PyDict>>(settings, "hyper")? {
                for (name, given) in hyper {
                    let name: String = name.extract()?;
                    group = group.set(&name, hyper_value(&*own, &name, given.as_borrowed())?);
                }
            }
            rules.push((pattern, own));
            builder = builder.group(group);
        }
        rules.push(("default".into(), rule.rule.boxed()));
        if let Some((clip, eps)) = setting(options, "agc")? {
            builder = builder.agc(clip, eps);
        }
        builder = builder
            .guard(guard(&setting::<String>(options, "guard")?.unwrap_or("error".into()))?)
            .centralize(setting(options, "centralize")?.unwrap_or(false))
            .maximize(setting(options, "maximize")?.unwrap_or(false))
            .zero_grad(setting(options, "zero_grad")?.unwrap_or(false))
            .accumulate(setting(options, "accumulate")?.unwrap_or(1))
            .seed(setting(options, "seed")?.unwrap_or(0));
        if let Some(plateau) = setting::<String>(options, "plateau")? {
            builder = builder.metric_schedule(Plateau::parse(&plateau).map_err(error)?);
        }
        let params: Vec<ParamSpec> =
            names.into_iter().zip(shapes).map(|(name, shape)| ParamSpec::new(name, shape)).collect();
        let inner = match dtype {
            "float32" => Inner::F32(builder.build(&params).map_err(error)?),
            "float64" => Inner::F64(builder.build(&params).map_err(error)?),
            _ => {
                return Err(PyValueError::new_err(format!(
                    "arrays must be of float32 or float64, not {dtype}"
                )));
            }
        };
        Ok(Self { inner, params, rules })
    }

    /// Makes a step without holding the GIL. The lists hold addresses, one for each parameter; the caller answers for
    /// them. Gives the norm of the gradient and the clipping factor, or the micro-batches so far, or the array that was
    /// not finite.
    #[allow(clippy::type_complexity)]
    fn step(
        &mut self,
        py: Python<'_>,
        values: Vec<usize>,
        grads: Vec<usize>,
    ) -> PyResult<(bool, Option<f64>, f64, Option<u64>, Option<String>)> {
        self.check(&[("parameter", &values), ("gradient", &grads)])?;
        let (inner, params) = (&mut self.inner, &self.params);
        let outcome = py.detach(|| {
            // SAFETY: the caller has checked type and layout of the arrays and holds them; they do not overlap.
            with!(inner, optimizer => unsafe {
                optimizer.step(&mut slices(&values, params), &mut slices(&grads, params))
            })
        });
        Ok(match outcome.map_err(error)? {
            Outcome::Stepped { grad_norm, clip } => (true, grad_norm, clip, None, None),
            Outcome::Accumulated { micro, .. } => (false, None, 1.0, Some(micro), None),
            Outcome::Skipped { tensor } => (false, None, 1.0, None, Some(tensor)),
        })
    }

    /// Gives the rules an estimate of curvature.
    fn observe_curvature(
        &mut self,
        py: Python<'_>,
        values: Vec<usize>,
        estimate: Vec<usize>,
    ) -> PyResult<()> {
        self.check(&[("parameter", &values), ("estimate", &estimate)])?;
        let (inner, params) = (&mut self.inner, &self.params);
        py.detach(|| {
            // SAFETY: as in `step`.
            with!(inner, optimizer => unsafe {
                optimizer.observe_curvature(&mut slices(&values, params), &mut slices(&estimate, params))
            })
        })
        .map_err(error)
    }

    /// Tells the plateau its metric; true if that changed the learning rate.
    fn observe(&mut self, metric: f64) -> bool {
        with!(&mut self.inner, optimizer => optimizer.observe(metric))
    }

    /// The weights to evaluate with: the bytes of each array.
    fn evaluation<'py>(&self, py: Python<'py>, values: Vec<usize>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        self.check(&[("parameter", &values)])?;
        with!(&self.inner, optimizer => {
            // SAFETY: as in `step`.
            let values = unsafe { slices(&values, &self.params) };
            let values: Vec<&[_]> = values.into_iter().map(|values| &*values).collect();
            let tensors = optimizer.evaluation(&values).map_err(error)?;
            Ok(tensors.tensors().map(|tensor| bytes(py, tensor)).collect())
        })
    }

    /// Steps made.
    fn steps(&self) -> u64 {
        with!(&self.inner, optimizer => optimizer.steps())
    }

    /// Bytes of state.
    fn state_bytes(&self) -> usize {
        with!(&self.inner, optimizer => optimizer.state_bytes())
    }

    /// The names of the groups.
    fn groups(&self) -> Vec<String> {
        with!(&self.inner, optimizer => optimizer.groups().map(String::from).collect())
    }

    /// The learning rate of a group in the next step.
    fn lr(&self, group: &str) -> PyResult<f64> {
        self.rule_of(group)?;
        with!(&self.inner, optimizer => optimizer.lr(group)).map_err(error)
    }

    /// Changes a hyper-parameter of a group.
    fn set(&mut self, group: &str, name: &str, given: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = hyper_value(self.rule_of(group)?, name, given.as_borrowed())?;
        with!(&mut self.inner, optimizer => optimizer.set(group, name, value)).map_err(error)
    }

    /// Freezes a group, or lets it move again.
    fn freeze(&mut self, group: &str, frozen: bool) -> PyResult<()> {
        self.rule_of(group)?;
        with!(&mut self.inner, optimizer => match frozen {
            true => optimizer.freeze(group),
            false => optimizer.unfreeze(group),
        })
        .map_err(error)
    }

    /// The factor that gradients are divided by.
    #[getter]
    fn loss_scale(&self) -> f64 {
        with!(&self.inner, optimizer => optimizer.loss_scale())
    }

    #[setter]
    fn set_loss_scale(&mut self, scale: f64) -> PyResult<()> {
        with!(&mut self.inner, optimizer => optimizer.set_loss_scale(scale)).map_err(error)
    }

    /// Writes a checkpoint.
    fn save(&self, path: PathBuf) -> PyResult<()> {
        with!(&self.inner, optimizer => optimizer.save(path)).map_err(error)
    }

    /// Takes up a checkpoint; one of another type or storage is converted if `convert` says so.
    fn load(&mut self, path: PathBuf, convert: bool) -> PyResult<()> {
        with!(&mut self.inner, optimizer => match convert {
            true => optimizer.load_converted(path),
            false => optimizer.load(path),
        })
        .map_err(error)
    }
}
