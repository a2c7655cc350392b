"""The kinds of arrays that the service handles. B stands for a batch, D for latent dimensions."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]  # pixels in 0..1, latent points
Doubles = npt.NDArray[np.float64]  # intermediate results
Levels = npt.NDArray[np.uint8]  # grey levels, 0 is black
