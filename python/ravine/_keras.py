"""A schedule as Keras takes it. Imported only where Keras is."""

from __future__ import annotations

from typing import Any

import keras
from ravine.schedules import Schedule


@keras.saving.register_keras_serializable(package="ravine")
class RavineSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A schedule of the engine; see :meth:`ravine.schedules.Schedule.keras`."""

    def __init__(self, spec: str, lr: float = 1.0) -> None:
        super().__init__()
        self.schedule = Schedule(spec, lr)

    def __call__(self, step: Any) -> Any:
        backend = keras.backend.backend()
        if backend == "jax":
            return self.schedule(step if hasattr(step, "aval") else keras.ops.convert_to_tensor(step))
        if backend == "tensorflow":
            import tensorflow

            rate = tensorflow.numpy_function(
                lambda at: self.schedule(int(at)), [step], tensorflow.float64, stateful=False
            )
            rate.set_shape(())
            return keras.ops.cast(rate, keras.backend.floatx())
        return keras.ops.convert_to_tensor(self.schedule(int(step)), dtype=keras.backend.floatx())

    def get_config(self) -> dict[str, Any]:
        """What it is made of again."""
        return {"spec": self.schedule.spec, "lr": self.schedule.lr}
