"""pip's options on judged commands: every destination of pip 23.1 to 26.3, and who carries it out.

pip itself parses them all, and the same pip goes on over the staged files: an option is never translated. What
is listed here is what that means for each, and an option that is not listed is refused rather than guessed about.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Treatment(Enum):
    """Who carries an option out."""

    PIP = "pip"
    """pip, when it goes on over the staged files. It has no say in which files these are."""
    CHOOSES = "chooses"
    """Our resolution: it decides which files are chosen. pip goes by it too."""
    SOURCE = "source"
    """Our sources: where and how files are looked for. pip is then shown the stage alone."""
    BUILDS = "builds"
    """The builds that the policy allows, ours for metadata and pip's."""
    REPLACED = "replaced"
    """Given another value when pip goes on, because the user's would get around the judgement."""


OPTIONS: Mapping[str, tuple[Treatment, str]] = {
    "abis": (Treatment.CHOOSES, "wheel tags as pip computes them"),
    "build_constraints": (Treatment.BUILDS, "constrain what builds require; pip passes them on"),
    "build_isolation": (Treatment.BUILDS, "without isolation a build sees the environment, as in pip"),
    "build_options": (Treatment.PIP, "up to pip 25.2"),
    "cache_dir": (
        Treatment.REPLACED,
        (
            "no cache of pip's: a wheel it built earlier must not stand in for a judged file; `--no-cache-dir`: none of"
            " [ours](docker.md#without-a-cache) either"
        ),
    ),
    "cert": (Treatment.SOURCE, "replaces the system's certificates"),
    "check_build_deps": (Treatment.BUILDS, ""),
    "client_cert": (Treatment.SOURCE, ""),
    "compile": (Treatment.PIP, ""),
    "config_settings": (Treatment.BUILDS, ""),
    "constraints": (Treatment.CHOOSES, "read by pip; replaced by our pins when pip goes on"),
    "debug_mode": (Treatment.PIP, ""),
    "dependency_groups": (Treatment.CHOOSES, "read by pip"),
    "deprecated_features_enabled": (Treatment.PIP, "`legacy-resolver` is refused: it chooses by other rules"),
    "disable_pip_version_check": (Treatment.REPLACED, "always on: the check would ask an index"),
    "download_dir": (Treatment.PIP, ""),
    "dry_run": (Treatment.CHOOSES, "answered without letting pip go on"),
    "editables": (Treatment.CHOOSES, "read by pip; judged as direct references"),
    "exists_action": (Treatment.PIP, ""),
    "extra_index_urls": (Treatment.SOURCE, "the last of equals wins, as in pip"),
    "features_enabled": (Treatment.PIP, "`fast-deps` changes nothing here: ranges are always used"),
    "find_links": (Treatment.SOURCE, "judged by `direct-references`"),
    "force_reinstall": (Treatment.CHOOSES, ""),
    "format_control": (Treatment.CHOOSES, "`--no-binary`, `--only-binary`"),
    "global_options": (Treatment.PIP, "up to pip 25.2"),
    "help": (Treatment.PIP, "needs no network"),
    "ignore_dependencies": (Treatment.CHOOSES, "`--no-deps`"),
    "ignore_installed": (Treatment.CHOOSES, ""),
    "ignore_requires_python": (Treatment.CHOOSES, ""),
    "implementation": (Treatment.CHOOSES, "wheel tags as pip computes them"),
    "index_url": (Treatment.SOURCE, ""),
    "isolated_mode": (Treatment.SOURCE, "read by pip"),
    "json_report_file": (Treatment.REPLACED, "pip reports to us; yours gets the original addresses"),
    "keyring_provider": (Treatment.SOURCE, "the URL and netrc are tried first, as in pip"),
    "log": (Treatment.PIP, ""),
    "no_clean": (Treatment.PIP, ""),
    "no_color": (Treatment.PIP, ""),
    "no_index": (Treatment.SOURCE, ""),
    "no_input": (Treatment.PIP, "we never ask"),
    "no_proxy_env": (Treatment.SOURCE, ""),
    "no_python_version_warning": (Treatment.PIP, ""),
    "no_require_hashes": (Treatment.CHOOSES, "hashes that are given are enforced all the same"),
    "no_verify": (Treatment.PIP, ""),
    "only_dependencies": (Treatment.CHOOSES, "`--only-deps`"),
    "output_file": (
        Treatment.PIP,
        "the lock gets original addresses, sizes and upload times, and who attested a file, where that is proved",
    ),
    "override_externally_managed": (Treatment.PIP, "checked by pip before anything is fetched (PEP 668)"),
    "platforms": (Treatment.CHOOSES, "wheel tags as pip computes them"),
    "pre": (Treatment.CHOOSES, ""),
    "prefer_binary": (Treatment.CHOOSES, ""),
    "prefix_path": (Treatment.PIP, ""),
    "progress_bar": (Treatment.PIP, ""),
    "proxy": (Treatment.SOURCE, ""),
    "python": (Treatment.PIP, "before the command; the host follows pip into that interpreter"),
    "python_version": (Treatment.CHOOSES, "wheel tags and Requires-Python; markers stay the interpreter's, as in pip"),
    "quiet": (Treatment.PIP, "also quiets what we say of a run that goes well; from `-qq` on, what we warn of"),
    "refresh_package": (Treatment.SOURCE, "pages are never taken from an old answer"),
    "release_control": (Treatment.CHOOSES, "`--all-releases`, `--only-final`"),
    "require_hashes": (Treatment.REPLACED, "enforced by us, before and after fetching"),
    "require_venv": (Treatment.PIP, "checked by pip before anything is fetched"),
    "requirements": (Treatment.CHOOSES, "read by pip; `pylock.toml` by us for a pip before 26.1"),
    "requirements_from_scripts": (Treatment.CHOOSES, "read by pip"),
    "resume_retries": (Treatment.SOURCE, "a broken download is begun anew, three times"),
    "retries": (Treatment.SOURCE, ""),
    "root_path": (Treatment.PIP, ""),
    "root_user_action": (Treatment.PIP, ""),
    "src_dir": (Treatment.PIP, ""),
    "target_dir": (Treatment.CHOOSES, "what is installed does not count, as in pip"),
    "timeout": (Treatment.SOURCE, ""),
    "trusted_hosts": (Treatment.SOURCE, "judged by `indexes`"),
    "upgrade": (Treatment.CHOOSES, ""),
    "upgrade_strategy": (Treatment.CHOOSES, ""),
    "uploaded_prior_to": (Treatment.CHOOSES, ""),
    "use_pep517": (Treatment.PIP, ""),
    "use_user_site": (Treatment.PIP, ""),
    "verbose": (Treatment.PIP, "also tells the policy line of each warning"),
    "version": (Treatment.PIP, ""),
    "warn_about_conflicts": (Treatment.PIP, ""),
    "warn_script_location": (Treatment.PIP, ""),
    "wheel_dir": (Treatment.PIP, ""),
}


SPELLED: Mapping[str, str] = {
    "abis": "--abi",
    "build_constraints": "--build-constraint",
    "build_isolation": "--no-build-isolation",
    "build_options": "--build-option",
    "check_build_deps": "--check-build-dependencies",
    "compile": "--compile",
    "constraints": "--constraint",
    "debug_mode": "--debug",
    "dependency_groups": "--group",
    "deprecated_features_enabled": "--use-deprecated",
    "download_dir": "--dest",
    "editables": "--editable",
    "extra_index_urls": "--extra-index-url",
    "features_enabled": "--use-feature",
    "format_control": "--only-binary",
    "global_options": "--global-option",
    "ignore_dependencies": "--no-deps",
    "isolated_mode": "--isolated",
    "json_report_file": "--report",
    "only_dependencies": "--only-deps",
    "output_file": "--output",
    "override_externally_managed": "--break-system-packages",
    "platforms": "--platform",
    "prefix_path": "--prefix",
    "release_control": "--only-final",
    "require_venv": "--require-virtualenv",
    "requirements": "--requirement",
    "requirements_from_scripts": "--requirements-from-script",
    "root_path": "--root",
    "src_dir": "--src",
    "target_dir": "--target",
    "trusted_hosts": "--trusted-host",
    "use_user_site": "--user",
    "warn_about_conflicts": "--no-warn-conflicts",
    "warn_script_location": "--no-warn-script-location",
}
"""Options whose name is not that of their destination."""


def spelled(name: str) -> str:
    """Return an option as a user writes it."""
    return SPELLED.get(name, f"--{name.replace('_', '-')}")


def render_table() -> str:
    """Return the options as a Markdown table."""
    rows = sorted((spelled(name), treatment.value, note) for name, (treatment, note) in OPTIONS.items())
    lines = ["| option | carried out by | |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{words}` | {who} | {note} |" for words, who, note in rows)]) + "\n"
