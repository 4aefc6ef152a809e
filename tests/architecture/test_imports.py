"""Which part may know which: the directions that keep AWS's rights out of the bot and vendors out of the core."""

import subprocess
import sys
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from pkgutil import resolve_name, walk_packages

import grimp
import pytest

import bot
import workers
from tests.architecture.listeners import modules
from workers.adapters.job_queue import FUNCTION_OF, QUEUE_OF
from workers.ports import Job

ROOT = Path(__file__).parents[2]

BOT_MAY_IMPORT = (
    "workers.domain",
    "workers.ports",
    "workers.cards",
    "workers.service.intake",
    "workers.settings",
)
ENTRY_POINT_MAY_ALSO = (
    "workers.logs",
    "workers.pace",
    "workers.adapters.audit_log",
    "workers.adapters.audit_sink",
    "workers.adapters.directory_copy",
    "workers.adapters.job_queue",
    "workers.adapters.redis_connection",
    "workers.adapters.redis_server",
    "workers.adapters.redis_store",
    "workers.adapters.signing_key",
    "workers.adapters.slack_calls",
    "workers.adapters.slack_people",
)


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("bot", "workers", include_external_packages=True, cache_dir=None)


def under(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def every_module() -> Iterator[str]:
    for package in (bot, workers):
        yield package.__name__
        yield from (module.name for module in walk_packages(package.__path__, f"{package.__name__}."))


def run_python(code: str) -> "subprocess.CompletedProcess[str]":
    """In an interpreter of its own, without any setting in its environment."""
    return subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=ROOT, env={}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_every_import_contract_is_kept() -> None:
    """In a process of its own: the linter's set-up of logging switches off every logger that is there already."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = run_python(code)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_bot_imports_only_what_a_front_door_needs(graph: grimp.ImportGraph) -> None:
    wrong = {
        (module, imported)
        for module in graph.modules
        if under(module, ("bot",))
        for imported in graph.find_modules_directly_imported_by(module)
        if under(imported, ("workers",))
        and not under(imported, BOT_MAY_IMPORT)
        and not (module == "bot.process" and under(imported, ENTRY_POINT_MAY_ALSO))
    }
    assert wrong == set()


def test_aws_is_imported_by_its_adapters_alone(graph: grimp.ImportGraph) -> None:
    importers = {
        module
        for vendor in ("boto3", "botocore")
        for module in graph.find_modules_that_directly_import(vendor)
    }
    assert importers
    assert all(under(module, ("workers.adapters.aws",)) for module in importers)


def test_the_domain_imports_nothing_but_the_domain_and_the_standard_library(graph: grimp.ImportGraph) -> None:
    domain = [module for module in graph.modules if under(module, ("workers.domain",))]
    imported = {name for module in domain for name in graph.find_modules_directly_imported_by(module)}
    strangers = {name for name in imported if not under(name, ("workers.domain",))}
    assert {name for name in strangers if name not in sys.stdlib_module_names} == set()


def test_the_app_registers_every_listener_module(graph: grimp.ImportGraph) -> None:
    assert set(modules()) <= graph.find_modules_directly_imported_by("bot.app")


QUIET = """
import importlib, signal, sys, threading

def refuse(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if event in {events!r} or writes:
        raise RuntimeError(f"importing did something: {{event}} {{arguments}}")

handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
sys.addaudithook(refuse)
for name in {modules!r}:
    importlib.import_module(name)
assert handlers == [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)], "a signal handler"
assert threading.active_count() == 1, threading.enumerate()
"""

EFFECTS = (
    "socket.connect",
    "socket.getaddrinfo",
    "subprocess.Popen",
    "os.fork",
    "os.posix_spawn",
    "os.mkdir",
)


def test_importing_any_module_does_nothing() -> None:
    """No connection, no process, no file, no thread, no signal handler; and no setting is needed."""
    done = run_python(QUIET.format(events=EFFECTS, modules=sorted(every_module())))
    assert done.returncode == 0, done.stderr


def test_the_bot_never_loads_awss_sdk() -> None:
    done = run_python(
        "import sys, bot.process\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('boto3', 'botocore') or 'adapters.aws' in m])"
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.parametrize("job", Job)
def test_every_job_names_a_function_that_takes_the_id_of_a_record(job: Job) -> None:
    assert FUNCTION_OF[job].startswith("workers.jobs.")
    function = resolve_name(FUNCTION_OF[job].replace("workers.jobs.", "workers.jobs:"))
    assert list(signature(function).parameters) in (["revocation_id"], ["handoff_id"], ["lookup_id"])
    assert job in QUEUE_OF
