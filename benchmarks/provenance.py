"""Measure what proof of provenance costs, in processor time: prints the figures; asserts nothing.

    python benchmarks/provenance.py [--files 200] [--real FOLDER]

Each file has two attestations, of publication and of its build (SLSA), by the tests' own Sigstore; of FOLDER every
``*.provenance`` is taken, and proved by the public trusted root. Warm is a second process, which finds all of it kept.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
MEASURE = """
import json, sys, time
from pathlib import Path
began = time.process_time()
from safeinstall.facts.provenance import Provenance
from safeinstall.sources.provenance.roots import TrustedRoot
from safeinstall.sources.provenance.verification import Verifier
own = time.process_time() - began
folder = Path(sys.argv[1])
verifier = Verifier(TrustedRoot((folder / "root").read_bytes(), "of the benchmark", None), folder / "kept")
places = sorted(folder.glob("*.object"))
files = [(place.read_bytes(), json.loads(place.with_suffix(".of").read_text())) for place in places]
def verify(raw, of):
    began = time.process_time()
    assert isinstance(verifier.verify(raw, **of), Provenance)
    return time.process_time() - began
first, *rest = [verify(raw, of) for raw, of in files]
loaded = sorted({name.partition(".")[0] for name in sys.modules} & {"sigstore", "pypi_attestations", "pydantic", "tuf"})
print(json.dumps({"own": own, "first": first, "each": sum(rest) / len(rest), "most": max(rest), "loaded": loaded}))
"""


def main() -> None:
    """Print both figures of each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--real", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made(Path(folder), arguments.files)
        tell("own Sigstore, 2 attestations a file", Path(folder))
    if arguments.real:
        with tempfile.TemporaryDirectory() as folder:
            real(Path(folder), arguments.real)
            tell("real objects, 1 attestation a file", Path(folder))


def made(folder: Path, count: int) -> None:
    """Write *count* objects of the tests' own Sigstore, and its root."""
    from lib import sigstore  # noqa: PLC0415 - it needs the extra

    (folder / "root").write_bytes(sigstore.trusted_root())
    for number in range(count):
        of = {"filename": f"acme-{number}.tar.gz", "sha256": f"{number:064x}"}
        raw = sigstore.attest(**of, predicate_types=(sigstore.PUBLISH, sigstore.SLSA))
        write(folder, number, raw, of)


def real(folder: Path, source: Path) -> None:
    """Write the real objects below *source*, ten times each so that the first does not count, and the public root."""
    from safeinstall.policy.model import ProvenanceSettings  # noqa: PLC0415 - likewise
    from safeinstall.sources.provenance.roots import TrustedRoot, trusted_root  # noqa: PLC0415

    root = trusted_root(ProvenanceSettings(), folder / "none", datetime.now(timezone.utc))
    if not isinstance(root, TrustedRoot):
        raise SystemExit(root.reason)
    (folder / "root").write_bytes(root.raw)
    for number, path in enumerate(10 * sorted(source.rglob("*.provenance"))):
        attestation = json.loads(path.read_bytes())["attestation_bundles"][0]["attestations"][0]
        subject = json.loads(base64.b64decode(attestation["envelope"]["statement"]))["subject"][0]
        of = {"filename": subject["name"], "sha256": subject["digest"]["sha256"]}
        write(folder, number, path.read_bytes() + b" " * number, of)  # another object each time, which says the same


def write(folder: Path, number: int, raw: bytes, of: dict[str, str]) -> None:
    """Write an object, and of which file it is."""
    (folder / f"{number:05}.object").write_bytes(raw)
    (folder / f"{number:05}.of").write_text(json.dumps(of))


def tell(what: str, folder: Path) -> None:
    """Measure the objects of *folder* in two processes, one after the other, and print it."""
    print(what)
    for name in ("cold", "warm"):
        began = time.perf_counter()
        environ = {**os.environ, "HOME": str(folder / "home")}
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, folder], env=environ, cwd=ROOT, capture_output=True, check=True
        )
        found = json.loads(done.stdout)
        ms = {key: f"{found[key] * 1000:.2f} ms" for key in ("own", "first", "each", "most")}
        print(
            f"  {name}: first file {ms['first']}, each further one {ms['each']} (at most {ms['most']});"
            f" loaded {', '.join(found['loaded']) or 'no library'}; {time.perf_counter() - began:.1f} s in all"
        )


if __name__ == "__main__":
    main()
