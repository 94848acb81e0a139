"""The same set of files as pip, from the default index, under a policy that allows all. Run with ``-m live``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv

import pytest
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.live

SETS = [
    "requests",
    "flask sqlalchemy celery",
    "jupyterlab",
    "apache-airflow",
    "fastapi[all]",
    "django<5 celery[redis]",
    "boto3 urllib3<1.27",
    "numpy pandas scipy scikit-learn",
    "matplotlib seaborn",
    "poetry",
    "black isort flake8 mypy pylint",
    "pytest pytest-cov pytest-xdist hypothesis tox",
    "sphinx sphinx-rtd-theme",
    "mkdocs-material",
    "scrapy",
    "ansible-core",
    "streamlit",
    "dash",
    "aiohttp[speedups]",
    "httpx[http2,brotli,socks]",
    "sqlalchemy[asyncio]<2.1 alembic psycopg[binary]",
    "google-cloud-storage google-cloud-bigquery",
    "azure-storage-blob azure-identity",
    "opentelemetry-distro opentelemetry-exporter-otlp",
    "langchain-core pydantic<3",
    "uvicorn[standard] gunicorn",
    "twine build cibuildwheel",
    "notebook<7",
    "click<8.1 rich<13 typer<0.9",
    "cryptography pyopenssl paramiko",
    "--pre attrs",
    "--only-binary :all: lxml pillow pyyaml",
    "--no-deps requests flask",
]


@pytest.fixture(scope="session")
def target(tmp_path_factory):
    """A virtual environment; ``SAFEINSTALL_LIVE_PIP`` names the version of its pip."""
    folder = tmp_path_factory.mktemp("live") / "env"
    venv.create(folder, with_pip=True)
    if wanted := os.environ.get("SAFEINSTALL_LIVE_PIP"):
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", f"pip=={wanted}"], check=True)
    return folder


def chosen(command, report, environ):
    done = subprocess.run([*command, "--report", report], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return sorted(
        (
            canonicalize_name(item["metadata"]["name"]),
            item["metadata"]["version"],
            item["download_info"]["url"].rpartition("/")[2],
            item["download_info"]["archive_info"].get("hashes", {}).get("sha256"),
        )
        for item in json.loads(report.read_text())["install"]
    )


@pytest.mark.parametrize("words", SETS)
def test_the_same_files_as_pip(target, tmp_path, words):
    policy = tmp_path / "allow.toml"
    policy.write_text("schema = 1\n")
    environ = {**os.environ, "VIRTUAL_ENV": str(target)}
    options = ["install", "--dry-run", "-q", *words.split()]
    ours = [sys.executable, "-m", "safeinstall", "--policy", policy, *options]
    pips = [target / "bin" / "python", "-m", "pip", *options]
    assert chosen(ours, tmp_path / "ours.json", environ) == chosen(pips, tmp_path / "pip.json", environ)
