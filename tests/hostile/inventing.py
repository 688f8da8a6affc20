"""Requests that nobody meant to be sent, made from the API's own description: what fits it, what nearly does, and what
does not at all. The same seed makes the same requests of the same pool.
"""

import copy
import json
import random
import re
from dataclasses import dataclass, field
from typing import Any

from samples import people
from tests.builders import a_certificate

Schema = dict[str, Any]

# One person, whose numbers are written only where no number belongs: if anything stores them, it is found by them.
MARKED = people.resident(85_999_999)
MARKED_PHONE = people.phone(8_599_999)

_NUMBERS: tuple[Any, ...] = (
    *(0, -1, 1, 2**31, 2**53, 2**53 + 1, 2**63, 10**30, 1e308, -0.0, 0.1, 1e-300, True),
    *("0", "-0", "1", "-1", "0.005", "1E+100000000", "1E-100000000", "NaN", "Infinity", "9" * 400, "1" + "0" * 30),
    *("١٢", "１２", "1_000", "0x10", "1e5", " 7 ", "1.0000000000000000000001"),
)
_DAYS = (
    *("0001-01-01", "9999-12-31", "2022-12-31", "2023-01-01", "2023-06-30", "2023-10-31", "2023-12-31", "2024-02-29"),
    *(
        "2023-02-29",
        "0000-00-00",
        "2023-1-1",
        "20231031",
        "2023-W01-1",
        "-001-01-01",
        "２０２３-01-01",
        "2023-10-31T00:00",
    ),
)
_INSTANTS = (
    *("2023-10-31T15:59:59Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z"),
    *("2016-12-31T23:59:60Z", "2023-10-31T24:00:00Z", "2023-10-31 15:59:59", "2023-10-31T15:59:59.123456789Z"),
)
_PERIODS = (
    "2023-01",
    "2023-08",
    "2023-10",
    "2023-12",
    "2022-12",
    "0000-01",
    "9999-12",
    "2023-13",
    "2023-00",
    "2024-01",
)
_TEXTS = (
    *("", " ", "核查属实", "材料齐全，符合条件", "x" * 201, "长" * 5_000, "a\x00b", "\u202e反", "𠮷" * 100, "\ufeff"),
    *("<script>alert(1)</script>", "=cmd|' /C calc'!A0", "{{7*7}}", "$where", "../../etc/passwd", "%00", "\r\nX-A: b"),
    *("(" * 60 + "a" * 60, "1" * 10_000, "ａ" * 200),
)
_ANY: tuple[Any, ...] = (None, True, [], {}, [[]], {"$gt": ""}, "", 0, [None], {"a": {"b": {"c": []}}})
_BAD_BODIES = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"NaN",
    b'{"a":1,"a":2}',
    b"[" * 30_000,
    b'{"a":' * 10_000,
    b'"\\ud800"',
    b"\xff\xfe",
    b'{"x":"' + b"y" * 70_000 + b'"}',
    b"1" * 60_000,
)
_TAGS = ('"1"', '"2"', '"7"', 'W/"1"', "*", "1", '"0"', '"x"', '"99999999999999"', '"1", "2"')
_HARVESTED = re.compile(
    r".*(_id|_key|_number|_code)|number|id|region|unit|target_id|period|version|organisation|owner|corrects|next|year"
)
_MOST = 400  # of one name
_CALLED = {"code": "credit_code"}  # what a path calls otherwise than a body does


class Pool:
    """What names have stood for so far: values that exist, by the name of their field."""

    def __init__(self, values: dict[str, list[Any]] | None = None, proofs: list[dict[str, Any]] | None = None) -> None:
        self.values: dict[str, list[Any]] = {name: list(known) for name, known in (values or {}).items()}
        self.proofs = list(proofs or [])

    def copy(self) -> "Pool":
        return Pool(self.values, self.proofs)

    def harvest(self, found: Any) -> None:
        if isinstance(found, list):
            for each in found[:20]:
                self.harvest(each)
        elif isinstance(found, dict):
            if "sha256" in found and "file_id" in found and len(self.proofs) < _MOST:
                self.proofs.append({"file_id": found["file_id"], "sha256": found["sha256"]})
            for name, value in found.items():
                if isinstance(value, str | int) and _HARVESTED.fullmatch(name):
                    self.add(name, value)
                else:
                    self.harvest(value)

    def add(self, name: str, value: Any) -> None:
        known = self.values.setdefault(name, [])
        if value not in known and len(known) < _MOST:
            known.append(value)


@dataclass(frozen=True, eq=False)
class Operation:
    """One of the description. ``samples``: bodies that were taken."""

    method: str
    path: str
    described: dict[str, Any]
    samples: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    operation: Operation
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    content: bytes | None
    marked: bool = False  # it bears the marked person's numbers where none belong


class Inventor:
    def __init__(
        self,
        description: dict[str, Any],
        operations: list[Operation],
        pool: Pool,
        rng: random.Random,
        scopes: frozenset[str],
    ) -> None:
        self.pool = pool
        self._schemas = description["components"]["schemas"]
        self._operations = operations
        self._weights = [
            (1 if operation.method == "GET" else 4) * (1.0 if _may(operation, scopes) else 0.03)
            for operation in operations
        ]
        self._rng = rng
        self._keys: list[str] = []
        self._sent: list[Request] = []

    def request(self) -> Request:
        rng = self._rng
        if self._sent and rng.random() < 0.05:
            return rng.choice(self._sent)
        (operation,) = rng.choices(self._operations, self._weights)
        path = re.sub(r"\{(\w+)\}", lambda name: self._in_path(name[1]), operation.path)
        parameters = [one for one in operation.described.get("parameters", []) if "in" in one]
        query = {}
        for one in parameters:
            if one["in"] == "query" and (one.get("required") or rng.random() < 0.35):
                query[one["name"]] = self._plain(self._value(one["name"], one.get("schema", {})))
        if rng.random() < 0.03:
            query |= {f"p{number}": "1" for number in range(rng.choice((1, 200)))}
        headers = self._headers(parameters)
        content, marked = self._content(operation, headers)
        made = Request(operation, path, query, headers, content, marked)
        if len(self._sent) < 500:
            self._sent.append(made)
        return made

    def _in_path(self, name: str) -> str:
        known = self.pool.values.get(_CALLED.get(name, name))
        if known and self._rng.random() < 0.96:
            return str(self._rng.choice(known))
        return self._rng.choice(("0" * 24, "f" * 24, "12.1", "999.9", "x", "0" * 32, "%00", "张三", "a" * 300))

    def _headers(self, parameters: list[dict[str, Any]]) -> dict[str, str]:
        rng, named = self._rng, {one["name"] for one in parameters}
        headers = {}
        if "Idempotency-Key" in named and rng.random() < 0.5:
            if self._keys and rng.random() < 0.3:
                headers["Idempotency-Key"] = rng.choice(self._keys)
            else:
                self._keys.append(f"k{rng.getrandbits(64):x}")
                headers["Idempotency-Key"] = self._keys[-1]
        if "If-Match" in named and rng.random() < 0.3:
            headers["If-Match"] = rng.choice(_TAGS)
        if "If-None-Match" in named and rng.random() < 0.2:
            headers["If-None-Match"] = rng.choice(_TAGS)
        if rng.random() < 0.03:
            name, value = rng.choice(
                (
                    ("Accept", "image/png"),
                    ("Range", "bytes=0-1,2-3,4-5"),
                    ("Idempotency-Key", "x" * 300),
                    ("Content-Encoding", "gzip"),
                    ("traceparent", "00-" + "z" * 50),
                    ("X-HTTP-Method-Override", "DELETE"),
                )
            )
            headers[name] = value
        return headers

    def _content(self, operation: Operation, headers: dict[str, str]) -> tuple[bytes | None, bool]:
        rng = self._rng
        accepted = operation.described.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in accepted:
            headers["Content-Type"] = "multipart/form-data; boundary=limit"
            return self._form(), False
        if "application/x-www-form-urlencoded" in accepted:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return b"grant_type=client_credentials&client_id=dispatcher&client_secret=" + rng.randbytes(
                8
            ).hex().encode(), False
        if "application/json" not in accepted:
            return None, False
        headers["Content-Type"] = "application/json" if rng.random() > 0.01 else "text/plain"
        if rng.random() < 0.03:
            return rng.choice(_BAD_BODIES), False
        media = accepted["application/json"]
        samples = operation.samples or ([media["example"]] if "example" in media else [])
        chance = rng.random()
        if operation.path == "/v1/certificates" and chance < 0.5:
            body = a_certificate(rng.randrange(1_000, 10**6), region=rng.choice(("130102", "130202", "130104")))
        elif samples and chance < 0.8:
            body = copy.deepcopy(rng.choice(samples))
            if rng.random() < 0.4:
                body = self._with_known(body)
            elif isinstance(body, dict) and "evidence" in body and rng.random() < 0.7:
                body["evidence"] = [self._proof(one) for one in body["evidence"] or [None]]
        else:
            body = self._made(media["schema"])
        for _ in range(rng.choice((0, 0, 0, 0, 0, 1, 1, 2, 3))):
            body = self._broken(body)
        marked = rng.random() < 0.05 and self._mark(body)
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), marked

    def _form(self) -> bytes:
        rng = self._rng
        content = rng.choice(
            (
                b"%PDF-1.4\n" + rng.randbytes(200),
                b"\xff\xd8\xff" + rng.randbytes(100),
                "姓名,证件号码,证书编号\n张三,1,2\n".encode(),
                b"PK\x03\x04" + rng.randbytes(60),
                b"",
                rng.randbytes(50_000),
                b"," * 200_000,
            )
        )
        name = rng.choice(("a.pdf", "名册.csv", "b.xlsx", "../../x.csv", "", f"{MARKED.document_number}.csv"))
        head = f'--limit\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        tail = b"\r\n--limit--\r\n" if rng.random() > 0.05 else b""
        extra = (
            b'\r\n--limit\r\nContent-Disposition: form-data; name="dry_run"\r\n\r\ntrue' if rng.random() < 0.2 else b""
        )
        return head + content + extra + tail

    def _with_known(self, body: Any, name: str = "") -> Any:
        """The same with other things that exist in places of their kind."""
        if isinstance(body, dict):
            return {key: self._with_known(value, key) for key, value in body.items()}
        if isinstance(body, list):
            if name == "evidence":
                return [self._proof(one) for one in body]
            return [self._with_known(value, name) for value in body]
        known = self.pool.values.get(name)
        return self._rng.choice(known) if known and self._rng.random() < 0.5 else body

    def _proof(self, like: Any = None) -> dict[str, Any]:
        """Evidence: handed in by anybody, of another digest, or invented."""
        rng = self._rng
        proof = dict(like) if isinstance(like, dict) else {"title": "佐证材料"}
        if self.pool.proofs and rng.random() < 0.75:
            proof |= rng.choice(self.pool.proofs)
            if rng.random() < 0.15:
                proof["sha256"] = rng.choice(self.pool.proofs)["sha256"]
        else:
            proof |= {"file_id": f"{rng.getrandbits(96):024x}", "sha256": f"{rng.getrandbits(256):064x}"}
        return proof

    def _broken(self, body: Any) -> Any:
        """One place of it replaced, taken away or added."""
        rng = self._rng
        if isinstance(body, dict) and body:
            name = rng.choice(sorted(body))
            how = rng.random()
            if how < 0.15:
                return {key: value for key, value in body.items() if key != name}
            if how < 0.25:
                return body | {rng.choice(("unknown", "status", "reviewed_by", "_id", "$set", "stars", "accepted")): 1}
            if isinstance(body[name], dict | list) and body[name] and how < 0.8:
                return body | {name: self._broken(body[name])}
            return body | {name: self._edge(name, body[name])}
        if isinstance(body, list) and body:
            place = rng.randrange(len(body))
            if rng.random() < 0.2:
                return body * rng.choice((2, 60))
            return [*body[:place], self._broken(body[place]), *body[place + 1 :]]
        return rng.choice(_ANY)

    def _edge(self, name: str, value: Any) -> Any:
        rng = self._rng
        if rng.random() < 0.15:
            return rng.choice(_ANY)
        if isinstance(value, int | float) or (isinstance(value, str) and re.fullmatch(r"-?[\d.]+", value)):
            return rng.choice(_NUMBERS)
        if name.endswith("_on") or name in ("day", "as_of", "valid_from", "valid_until"):
            return rng.choice(_DAYS)
        if name.endswith("_at"):
            return rng.choice(_INSTANTS)
        if name == "period":
            return rng.choice(_PERIODS)
        return rng.choice(_TEXTS)

    def _mark(self, body: Any) -> bool:
        """Write the marked person's number into one free text of it; whether there is one."""
        texts = [
            name
            for name, value in (body.items() if isinstance(body, dict) else ())
            if isinstance(value, str) and name in _FREE
        ]
        if not texts:
            return False
        number = self._rng.choice((MARKED.document_number, MARKED_PHONE))
        body[self._rng.choice(sorted(texts))] = f"经办人{number}核实"
        return True

    def _made(self, schema: Schema, name: str = "", depth: int = 0) -> Any:
        """Something of the schema, as far as it says what it wants."""
        rng = self._rng
        if "$ref" in schema:
            return self._made(self._schemas[schema["$ref"].rpartition("/")[2]], name, depth + 1)
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self._made(rng.choice(schema[several]), name, depth + 1)
        kind = schema.get("type")
        kind = rng.choice(kind) if isinstance(kind, list) else kind
        if kind == "object" or "properties" in schema:
            needed = set(schema.get("required", ()))
            return {
                field: self._made(shape, field, depth + 1)
                for field, shape in schema.get("properties", {}).items()
                if (field in needed and rng.random() < 0.97) or (rng.random() < 0.4 and depth < 6)
            }
        if kind == "array":
            if name == "evidence":
                kinds = self._resolved(schema.get("items", {})).get("properties", {}).get("kind", {}).get("enum")
                more = {"kind": rng.choice(kinds), "title": "材料"} if kinds else {"title": "材料"}
                return [self._proof(more) for _ in range(rng.choice((0, 1, 1, 2)))]
            return [self._made(schema.get("items", {}), name, depth + 1) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
        return self._value(name, schema)

    def _resolved(self, schema: Schema) -> Schema:
        return self._schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def _value(self, name: str, schema: Schema) -> Any:
        rng = self._rng
        schema = self._resolved(schema)
        if rng.random() < 0.12:
            return self._edge(name, "1" if schema.get("format") == "decimal" else "")
        known = self.pool.values.get(name)
        if known and rng.random() < 0.75:
            return rng.choice(known)
        if "enum" in schema:
            return rng.choice(schema["enum"])
        kind = schema.get("type")
        kind = rng.choice(kind) if isinstance(kind, list) else kind
        if kind == "null":
            return None
        if kind in ("integer", "number"):
            low, high = schema.get("minimum", 0), schema.get("maximum", 100)
            return rng.choice((low, high, low - 1, high + 1, min(low + 1, high)))
        if kind == "boolean":
            return rng.random() < 0.5
        if schema.get("format") == "decimal":
            return rng.choice(("0", "1", "2.5", "10", "100000"))
        if schema.get("format") == "date":
            return rng.choice(_DAYS)
        if schema.get("format") == "date-time":
            return rng.choice(_INSTANTS)
        if name == "period":
            return rng.choice(_PERIODS)
        return rng.choice(_TEXTS)

    @staticmethod
    def _plain(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)


def _may(operation: Operation, scopes: frozenset[str]) -> bool:
    """Whether a token of these scopes, none for nobody's, gets past the door."""
    ways = [set(way.get("oauth2", ())) for way in operation.described.get("security", []) if way or not scopes]
    return any(way <= scopes for way in ways)


_FREE = frozenset(
    ("reason", "text", "note", "title", "statement", "problems", "next_steps", "name", "document", "brand")
)
