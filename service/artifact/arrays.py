"""Types of arrays. In shapes, B is the batch size and D the number of latent dimensions."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]  # pixels in 0..1, latent points
Doubles = npt.NDArray[np.float64]  # intermediate results
Levels = npt.NDArray[np.uint8]  # grey levels, 0 is black
