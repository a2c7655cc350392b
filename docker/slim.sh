#!/bin/sh
# Removes from the virtual environment what nothing here runs. Sizes are of torch 2.13 on x86-64.
# Usage: slim.sh PART... Parts are torch, compiler, server and tests; see each function.
set -eu
packages=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

# What only compiling C++ against torch and testing torch itself need: -277 MB
torch() {
  # C++ tests, -86 MB; headers, -40 MB; CMake files.
  rm -rf "$packages/torch/test" "$packages/torch/include" "$packages/torch/share"
  # More C++ tests and a protobuf compiler, -52 MB. torch_shm_manager shares tensors between processes, so it stays.
  find "$packages/torch" -depth -path "$packages/torch/bin/*" ! -name torch_shm_manager -delete
  # Names of functions that are not exported, -98 MB. A native crash trace has fewer names without them.
  strip --strip-unneeded "$packages"/torch/lib/*.so
}

# The packages' test suites, -16 MB (-41 MB in training), and pip. torch.testing and numpy.testing are no test suites.
tests() {
  find "$packages" -depth -type d \( -name tests -o -name test \) -exec rm -r {} +
  python -m pip uninstall --quiet --yes pip
}

# What torch.compile needs, -95 MB. TorchScript does not.
compiler() {
  python -m pip uninstall --quiet --yes sympy mpmath networkx
}

# What building extensions needs and what converts models to ONNX, -20 MB, and names of functions that are not exported
# in uvloop's library, -12 MB.
server() {
  python -m pip uninstall --quiet --yes setuptools
  for part in quantization tools transformers; do rm -r "$packages/onnxruntime/$part"; done
  strip --strip-unneeded "$packages"/uvloop/*.so
}

for part in "$@"; do "$part"; done
