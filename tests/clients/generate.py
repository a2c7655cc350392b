"""Generates a client with each tool from docs/openapi.json into clients/, beside its program.

`make clients` installs the tools there and runs this. It needs only the standard library and, once
the tools are installed, no network.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter

SOURCE = Path(__file__).parent
CLIENTS = SOURCE.parent.parent / "clients"
DOCUMENT = "../../docs/openapi.json"
GENERATOR = ("openapi-generator-cli", "generate", "-i", DOCUMENT, "-c", "config.yaml")
NO_TESTS = ("--global-property", "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false")
# Each command runs in its tool's folder in clients/, a copy of the folder beside this file.
COMMANDS: dict[str, tuple[str, ...]] = {
    "openapi-python-client": (
        *("openapi-python-client", "generate", "--path", DOCUMENT, "--config", "config.yaml"),
        *("--meta", "none", "--output-path", "latent_atlas_client"),
    ),
    "openapi-generator-python": (*GENERATOR, "-g", "python", "-o", ".", *NO_TESTS),
    "openapi-generator-go": (*GENERATOR, "-g", "go", "-o", "latentatlas", *NO_TESTS),
    "hey-api": ("openapi-ts",),
    "openapi-fetch": ("openapi-typescript", DOCUMENT, "--output", "schema.d.ts"),
}


def generate(tool: str) -> None:
    """Replace clients/`tool` by the generated client, its configuration and its program."""
    folder = CLIENTS / tool
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCE / tool, folder)
    started = perf_counter()
    done = subprocess.run(
        COMMANDS[tool],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    sys.stdout.write(f"{tool}: {perf_counter() - started:.1f} s, in clients/{tool}\n")
    if done.returncode:
        raise SystemExit(done.stdout)


def environment() -> dict[str, str]:
    """The environment of this process, with the tools of clients/ on the path."""
    tools = f"{CLIENTS / 'venv' / 'bin'}:{CLIENTS / 'node_modules' / '.bin'}"
    return {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}


if __name__ == "__main__":
    for name in COMMANDS:
        generate(name)
