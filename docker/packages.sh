#!/bin/sh
# Installs what the project needs into the virtual environment, without the project itself, removes what nothing
# here runs, and lists the rest as a bill of materials. Sizes are of x86-64, torch 2.13 and ONNX Runtime 1.32.
# Usage: packages.sh EXTRAS PART... Extras have commas between them; each part, a function below, is removed.
set -eu
packages=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

# What only compiling C++ against torch and testing torch itself need: -277 MB
torch_development() {
  # C++ tests, -86 MB; headers, -40 MB; CMake files.
  rm -rf "$packages/torch/test" "$packages/torch/include" "$packages/torch/share"
  # More C++ tests and a protobuf compiler, -52 MB. torch_shm_manager shares tensors between processes, so it stays.
  find "$packages/torch" -depth -path "$packages/torch/bin/*" ! -name torch_shm_manager -delete
  # Names of functions that are not exported, -98 MB. A native crash trace has fewer names without them.
  strip --strip-unneeded "$packages"/torch/lib/*.so
}

# What torch.compile needs, -95 MB. TorchScript does not.
torch_compiler() {
  pip uninstall --quiet --yes sympy mpmath networkx
}

# What converts models to ONNX and builds extensions, -25 MB, and names as above in libraries of uvloop, httptools and
# simdjson, -20 MB. Libraries that a wheel's maker moved in their files, such as numpy's, do not load once they are stripped.
development() {
  for part in quantization tools transformers; do rm -r "$packages/onnxruntime/$part"; done
  rm -rf "$packages"/setuptools "$packages"/setuptools-*.dist-info "$packages"/simdjson/simdjson.*
  find "$packages" \( -path '*/uvloop/*.so' -o -path '*/httptools/*.so' -o -name 'csimdjson*.so' \) \
    -exec strip --strip-unneeded {} +
}

# What no image needs.
unneeded() {
  # A second copy of ONNX Runtime, for programs in C, -35 MB. Python has its own.
  rm -f "$packages"/onnxruntime/capi/libonnxruntime.so.*
  # Pillow's codec of AVIF, a format that nothing here reads or writes, -5 MB.
  rm -f "$packages"/PIL/_avif.*.so "$packages"/pillow.libs/libavif-*
  # The packages' test suites, -16 MB (-41 MB in training). torch.testing and numpy.testing are no test suites.
  find "$packages" -depth -type d \( -name tests -o -name test \) -exec rm -r {} +
}

extras=$1
shift
# pip needs the project's folders to read what it depends on.
mkdir service training
touch README.md service/__init__.py training/__init__.py
pip install --constraint constraints.txt ".[$extras]"
for part in "$@" unneeded; do "$part"; done
/opt/tools/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
  --output-file /opt/sbom.cdx.json /opt/venv/bin/python
pip uninstall --quiet --yes latent-atlas
