"""CloudFormation's intrinsic functions, as far as the templates in deploy/aws use them."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[3] / "deploy/aws"
NOTHING = object()
"""What AWS::NoValue stands for."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref`, `!Sub` ...)."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


@lru_cache(maxsize=4)
def load(name: str) -> dict[str, Any]:
    """The template `name` of deploy/aws, with functions in their long form. Nobody may change what is returned."""
    loaded: dict[str, Any] = yaml.load((DEPLOY / name).read_text(), _Loader)
    return loaded


class Rendered:
    """A template with its parameters filled in. Raises KeyError for a parameter without a value."""

    def __init__(self, template: Mapping[str, Any], given: Mapping[str, str]) -> None:
        defaults = {n: p["Default"] for n, p in template["Parameters"].items() if "Default" in p}
        unknown = given.keys() - template["Parameters"].keys()
        if unknown:
            raise KeyError(f"no such parameter: {', '.join(sorted(unknown))}")
        self._template = template
        self._values = {
            "AWS::Partition": "aws",
            "AWS::Region": "us-east-1",
            "AWS::AccountId": "123456789012",
            "AWS::NoValue": NOTHING,
            **defaults,
            **given,
        }

    def resources(self) -> dict[str, dict[str, Any]]:
        """Properties by logical id, of what is made at all."""
        return {
            name: self._value(resource["Properties"])
            for name, resource in self._template["Resources"].items()
            if "Condition" not in resource or self._holds(resource["Condition"])
        }

    def _value(self, part: Any) -> Any:
        if isinstance(part, list):
            return [value for value in map(self._value, part) if value is not NOTHING]
        if not isinstance(part, dict):
            return part
        if len(part) == 1 and (name := next(iter(part))) in _FUNCTIONS:
            return _FUNCTIONS[name](self, part[name])
        found = {name: self._value(inner) for name, inner in part.items()}
        return {name: value for name, value in found.items() if value is not NOTHING}

    def _ref(self, name: str) -> Any:
        return self._values[name]

    def _sub(self, text: str) -> str:
        return re.sub(r"\$\{([^}]+)\}", lambda match: str(self._values[match[1]]), text)

    def _if(self, given: list[Any]) -> Any:
        condition, yes, no = given
        return self._value(yes if self._holds(condition) else no)

    def _holds(self, condition: str) -> bool:
        return bool(self._value(self._template["Conditions"][condition]))

    def _not(self, given: list[Any]) -> bool:
        return not self._value(given[0])

    def _equals(self, given: list[Any]) -> bool:
        left, right = map(self._value, given)
        return bool(left == right)


_FUNCTIONS = {
    "Ref": Rendered._ref,
    "Fn::Sub": Rendered._sub,
    "Fn::If": Rendered._if,
    "Fn::Not": Rendered._not,
    "Fn::Equals": Rendered._equals,
}
