"""The list of guards is true: each stands in the code once, and its test is there."""

import ast
from pathlib import Path

import pytest

from tests.security.mutants import MUTANTS, Mutant
from tests.security.mutation import ROOT


def test_thirty_guards_or_more_are_on_the_list() -> None:
    assert len(MUTANTS) >= 30


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.old.strip()[:40])
def test_each_guard_stands_once_in_its_file_and_the_code_without_it_still_parses(mutant: Mutant) -> None:
    whole = (ROOT / mutant.path).read_text()
    assert whole.count(mutant.old) == 1
    ast.parse(whole.replace(mutant.old, mutant.new))


@pytest.mark.parametrize("name", sorted({mutant.test for mutant in MUTANTS}))
def test_each_guards_test_is_there(name: str) -> None:
    path, _, function = name.partition("::")
    assert Path(ROOT / path).is_file()
    assert not function or f"def {function.partition('[')[0]}(" in (ROOT / path).read_text()
