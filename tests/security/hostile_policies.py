"""Deny policies as somebody may have left them: foreign statements, other shapes, keys twice, text that is no JSON."""

import json
import random
import re
import uuid
from typing import Any

from workers.domain.deny_document import CONDITION_KEY, PLACEHOLDER

Json = dict[str, Any]


def an_id(r: random.Random) -> str:
    bare = str(uuid.UUID(int=r.getrandbits(128), version=4))
    return f"{r.getrandbits(40):010x}-{bare}" if r.random() < 0.7 else bare


def a_list(r: random.Random) -> Any:
    ids = [an_id(r) for _ in range(r.choice((0, 0, 1, 2, 5, 60)))]
    values = [*ids, *([PLACEHOLDER] if r.random() < 0.9 or not ids else [])]
    r.shuffle(values)
    return values[0] if len(values) == 1 and r.random() < 0.5 else values


def ours(r: random.Random) -> Json:
    key = r.choice((CONDITION_KEY, CONDITION_KEY, "identitystore:UserId", "IDENTITYSTORE:USERID"))
    made: Json = {
        "Effect": "Deny",
        "Action": r.choice(("*", ["*"])),
        "Resource": r.choice(("*", ["*"])),
        "Condition": {"StringEquals": {key: a_list(r)}},
    }
    return {"Sid": r.choice(("DenyRevoked", "x", "")), **made} if r.random() < 0.3 else made


def anything(r: random.Random, depth: int = 0) -> Any:
    """A value as somebody else's statement, or nobody's, may hold it."""
    scalars = (
        None,
        True,
        False,
        0,
        -1,
        10**40,
        0.5,
        "",
        "*",
        "s3:*",
        "größe",
        "\x00",
        "\ud800",
        "${aws:userid}",
    )
    kind = r.randrange(4 if depth < 4 else 2)
    if kind == 3:
        return {r.choice(("Sid", "aws:PrincipalArn", "StringLike", "", "x", "é")): anything(r, depth + 1)}
    return [anything(r, depth + 1) for _ in range(r.randrange(3))] if kind == 2 else r.choice(scalars)


def theirs(r: random.Random) -> Json:
    made: Json = {
        "Effect": r.choice(("Deny", "Allow")),
        "Action": "organizations:LeaveOrganization",
        "Resource": "*",
    }
    if r.random() < 0.3:
        made["Condition"] = {"StringNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/breakglass"}}
    if r.random() < 0.3:
        made[r.choice(("NotAction", "NotResource", "Sid", "Principal", "Action", "Unknown"))] = anything(r)
    return made


OPERATORS = (
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringEqualsIfExists",
    "StringNotEqualsIfExists",
    "ForAllValues:StringEquals",
    "ForAnyValue:StringEquals",
    "ForAllValues:StringNotEquals",
    "stringequals",
    "Null",
    "Bool",
    "ArnEquals",
)
BAD_VALUES = (
    "*",
    "?",
    "",
    " ",
    [],
    None,
    {},
    5,
    [[]],
    [None],
    ["*"],
    ["${identitystore:UserId}"],
    [PLACEHOLDER, "*"],
)


def change_ours(r: random.Random, document: Json, at: int) -> None:
    """One change to our statement, which makes it deny others, or nobody, or is just not known."""
    statement = document["Statement"][at]
    match r.randrange(11):
        case 0:
            del statement[r.choice(("Effect", "Action", "Resource", "Condition"))]
        case 1:
            beside = ("NotAction", "NotResource", "Principal", "NotPrincipal", "effect", "Unknown")
            statement[r.choice(beside)] = anything(r)
        case 2:
            others = ("Allow", "deny", "s3:*", ["*", "*"], [])
            statement[r.choice(("Effect", "Action", "Resource"))] = r.choice(others)
        case 3:
            statement["Condition"] = r.choice((None, [], {}, "", [statement["Condition"]]))
        case 4:
            statement["Sid"] = anything(r)
        case 5:
            again = r.choice((ours(r), json.loads(json.dumps(statement))))
            document["Statement"].insert(r.randrange(3), again)
        case 6:
            document["Statement"].pop(at)
        case _:
            change_condition(r, statement)


def change_condition(r: random.Random, statement: Json) -> None:
    ((key, values),) = statement["Condition"]["StringEquals"].items()
    match r.randrange(6):
        case 0:
            statement["Condition"] = {r.choice(OPERATORS): {key: r.choice((values, "*", "true"))}}
        case 1:
            statement["Condition"][r.choice(OPERATORS)] = {r.choice((key, "aws:PrincipalType")): "User"}
        case 2:
            beside = r.choice(("aws:PrincipalType", key.swapcase(), "x"))
            statement["Condition"]["StringEquals"][beside] = "User"
        case 3:
            statement["Condition"]["StringEquals"][key] = r.choice(BAD_VALUES)
        case 4:
            listed = [values] if isinstance(values, str) else values
            statement["Condition"]["StringEquals"][key] = [*listed, near_miss(r)]
        case _:
            longer = key + r.choice((" ", "\u200b", "/x", "\x00"))
            statement["Condition"]["StringEquals"] = {longer: values}


def near_miss(r: random.Random) -> str:
    user_id = an_id(r)
    return r.choice(
        (
            f" {user_id}",
            f"{user_id}\n",
            user_id[:-1],
            f"{user_id}*",
            f"arn:aws:identitystore:::user/{user_id}",
        )
    )


def change_around(r: random.Random, document: Json, at: int) -> None:
    """One change beside our statement: some of it harmless, and then to be kept as it is."""
    statements = document["Statement"]
    match r.randrange(7):
        case 0:
            statements.insert(r.randrange(len(statements) + 1), theirs(r))
        case 1:
            used = {"Condition": {r.choice(OPERATORS): {CONDITION_KEY: "*"}}}
            statements.append({**theirs(r), **used})
        case 2:
            statements.append({**theirs(r), "Resource": f"arn:aws:s3:::b/${{{CONDITION_KEY.upper()}}}/*"})
        case 3:
            document[r.choice(("Id", "Comment", "statement", "Version", "x"))] = anything(r)
        case 4:
            document["Version"] = r.choice(("2008-10-17", "2012-10-17", "2099-01-01", "", None, 2012))
        case 5:
            statements.append(r.choice((None, "", [], 5, [{}], {})))
        case _:
            document["Id"] = {CONDITION_KEY: anything(r)}


def twice(r: random.Random, text: str) -> str:
    """A key that stands twice, anywhere; the second time with its own or another value."""
    found = list(re.finditer(r'"(Effect|Action|Resource|Condition|Statement|Version|StringEquals)":', text))
    if not found:
        return text
    at = r.choice(found)
    return (
        text[: at.start()]
        + at[0]
        + r.choice(('"Allow",', '"*",', "[],", "{},", "null,"))
        + text[at.start() :]
    )


def change_text(r: random.Random, text: str) -> str:
    """One change to the text itself: it may not be JSON after that, or be the same document written otherwise."""
    return r.choice((twice, broken, longer, written_otherwise))(r, text)


def broken(r: random.Random, text: str) -> str:
    middle = r.randrange(len(text) + 1)
    match r.randrange(6):
        case 0:
            return r.choice(("\ufeff", "\x00", "//x\n", "x", " \n\t", "[")) + text
        case 1:
            return text + r.choice(("x", "{}", "// end", "\x00", " \n\t", "]", text))
        case 2:
            return text.replace('"', "'")
        case 3:
            thrown_in = ("/* x */", ",", "\ud800", "\x00", "}", '"', "\\")
            return text[:middle] + r.choice(thrown_in) + text[middle:]
        case 4:
            return text[:middle] + text[middle : middle + 1].swapcase() + text[middle + 1 :]
        case _:
            return text[:middle]


NUMBERS = (
    "NaN",
    "-Infinity",
    "1e999",
    "9" * 5000,
    "1.0000000000000000001",
    "1e-400",
    "0.1",
    "1e5",
    "-0",
    "10e20",
)


def longer(r: random.Random, text: str) -> str:
    """With numbers that are hard to keep, and with what nests deep."""
    number, deep = r.choice(NUMBERS), r.choice((20, 40, 900, 20_000))
    match r.randrange(4):
        case 0:
            return text.replace('"*"', number, 1)
        case 1:
            return f'{text[:-1]},"n":{number}}}'
        case 2:
            return f'{text[:-1]},"d":{"[" * deep}{"]" * deep}}}'
        case _:
            return text[:-1] + ',"d":' + '{"a":' * deep + "1" + "}" * deep + "}"


def written_otherwise(r: random.Random, text: str) -> str:
    match r.randrange(4):
        case 0:
            return text.replace(CONDITION_KEY, "\\u0069dentitystore:user\\u0049d")
        case 1:
            return json.dumps(text)
        case 2:
            return text.replace(",", " ,\n\t").replace(":{", ": {")
        case _:
            return text.replace("{", '{"Effect":"Deny",', 1)


def a_document(r: random.Random) -> str:
    document: Json = {
        "Version": "2012-10-17",
        "Statement": [theirs(r) for _ in range(r.choice((0, 0, 1, 3)))],
    }
    at = r.randrange(len(document["Statement"]) + 1)
    document["Statement"].insert(at, ours(r))
    if r.random() < 0.35:
        change_ours(r, document, at)
    for _ in range(r.choice((0, 0, 1, 2))):
        change_around(r, document, at)
    if len(document["Statement"]) == 1 and r.random() < 0.3:
        document["Statement"] = document["Statement"][0]
    text = json.dumps(
        document, ensure_ascii=r.random() < 0.5, separators=r.choice(((",", ":"), (", ", ": ")))
    )
    return change_text(r, text) if r.random() < 0.35 else text
