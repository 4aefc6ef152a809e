"""Known vulnerabilities of every package in the lock files, by pip-audit. Ends with 1 unless all were asked about.

    vulnerabilities.py PIP_AUDIT SERVICE LOCK...

What pip-audit leaves out is a failure here: packages for other systems, packages that the service does not know,
and a service that does not answer.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PIN = re.compile(r"^([a-zA-Z0-9][\w.-]*?)(?:\[[^\]]*\])?==([^\s;]+)")


def main(pip_audit: str, service: str, *locks: str) -> int:
    wrong = [line for lock in locks for line in checked(pip_audit, service, Path(lock))]
    for line in wrong:
        print(line)
    if wrong:
        print("NOT PASSED: see above.")
        return 1
    print(f"No known vulnerability in {', '.join(locks)}, says {service}.")
    return 0


def checked(pip_audit: str, service: str, lock: Path) -> list[str]:
    """What is wrong with the lock's packages; a line each."""
    wanted, wrong, asked = pins(lock.read_text()), list[str](), set[tuple[str, str]]()
    for part in parts(lock.read_text()):
        report, said = audited(pip_audit, service, part)
        if report is None:
            return [f"{lock}: not checked, because {service} could not be asked, or not about all. {said}"]
        wrong += [line for found in report for line in vulnerabilities(lock, found)]
        asked |= {(plain(found["name"]), found["version"]) for found in report if "skip_reason" not in found}
    wrong += [f"{lock}: {name} {version} was not checked" for name, version in sorted(wanted - asked)]
    print(f"{lock}: {len(wanted & asked)} of {len(wanted)} packages checked.")
    return wrong


def audited(pip_audit: str, service: str, text: str) -> tuple[list[dict] | None, str]:
    """What pip-audit reports of each package, or None and the last thing it said."""
    with tempfile.TemporaryDirectory() as folder:
        requirements, report = Path(folder) / "requirements.txt", Path(folder) / "report.json"
        requirements.write_text(text)
        options = [
            "--strict",
            "--disable-pip",
            "--require-hashes",
            "--progress-spinner",
            "off",
            "--desc",
            "off",
        ]
        where = ["--vulnerability-service", service, "--format", "json", "--output", str(report)]
        done = subprocess.run(
            [pip_audit, *options, *where, "--requirement", str(requirements)],
            capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
        if not report.exists() or not report.read_text():
            return None, (done.stderr.strip().splitlines() or ["It said nothing."])[-1]
        return json.loads(report.read_text())["dependencies"], ""


def vulnerabilities(lock: Path, found: dict) -> list[str]:
    return [
        f"{lock}: {found['name']} {found['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'nothing'}"
        for one in found.get("vulns", ())
    ]


def parts(text: str) -> list[str]:
    """The lock without its markers, as lists that name each package once: pip-audit would leave out the others."""
    lists: list[dict[str, str]] = []
    for entry in entries(text):
        match = PIN.match(entry)
        name = plain(match[1])
        fitting = next((one for one in lists if name not in one), None)
        if fitting is None:
            lists.append(fitting := {})
        fitting[name] = re.sub(r"\A([^\s;]+) *;[^\\\n]*", r"\1 ", entry)
    return ["\n".join(one.values()) + "\n" for one in lists]


def entries(text: str) -> list[str]:
    """Each pin with its hashes."""
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [entry.rstrip() for entry in re.split(r"\n(?=\S)", bare) if PIN.match(entry)]


def pins(text: str) -> set[tuple[str, str]]:
    return {(plain(match[1]), match[2]) for match in map(PIN.match, entries(text))}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
