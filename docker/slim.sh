#!/bin/sh
# Takes out of the virtual environment what nothing here runs; bytes are those of torch 2.13 on x86-64.
# Usage: slim.sh PART... Parts are torch, tests and compiler; see each function.
set -eu
packages=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

# What one needs to compile C++ against torch and to test torch itself. -277 MB
torch() {
  # C++ tests, -86 MB; headers, -40 MB; CMake files.
  rm -rf "$packages/torch/test" "$packages/torch/include" "$packages/torch/share"
  # More C++ tests and a protobuf compiler, -52 MB. What shares tensors between processes stays.
  find "$packages/torch" -depth -path "$packages/torch/bin/*" ! -name torch_shm_manager -delete
  # Names of functions that are not exported: a crash's native trace is poorer without. -98 MB
  strip --strip-unneeded "$packages"/torch/lib/*.so
}

# Test suites that packages bring along, -16 MB (-41 MB in training), and pip. torch.testing and numpy.testing are not suites.
tests() {
  find "$packages" -depth -type d \( -name tests -o -name test \) -exec rm -r {} +
  python -m pip uninstall --quiet --yes pip
}

# What torch.compile and building of extensions need, -105 MB; TorchScript needs neither. uvloop's
# library is stripped like torch's, -12 MB.
compiler() {
  python -m pip uninstall --quiet --yes sympy mpmath networkx setuptools
  strip --strip-unneeded "$packages"/uvloop/*.so
}

for part in "$@"; do "$part"; done
