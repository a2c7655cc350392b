"""The kinds of arrays that training handles."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]  # latent points
Doubles = npt.NDArray[np.float64]  # intermediate results
Levels = npt.NDArray[np.uint8]  # grey levels, 0 is black; class labels
