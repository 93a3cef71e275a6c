"""What Google's own description of an API says of a request and of an answer."""

import json
import re
from importlib.resources import files

TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "object": dict, "array": list}


class Api:
    """One API, by the name of its discovery document, such as `compute.v1`."""

    def __init__(self, name):
        documents = files("googleapiclient.discovery_cache") / "documents"
        self.document = json.loads((documents / f"{name}.json").read_text("utf-8"))
        self.methods = list(self.methods_of(self.document))

    def methods_of(self, part):
        for method in part.get("methods", {}).values():
            path = re.escape(method.get("flatPath", method["path"]))
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/:]+)", path)
            yield method["httpMethod"], re.compile(pattern), method
        for resource in part.get("resources", {}).values():
            yield from self.methods_of(resource)

    def find(self, verb, path):
        """The method that a request calls, and what its path names."""
        for wanted, pattern, method in self.methods:
            match = pattern.fullmatch(path)
            if wanted == verb and match:
                return method, match.groupdict()
        return None, {}

    def problems_of_request(self, method, query, body):
        known = method.get("parameters", {}) | self.document["parameters"]
        for name, value in query.items():
            allowed = known.get(name)
            if allowed is None:
                yield f"there is no parameter {name}"
            elif "enum" in allowed and value not in allowed["enum"]:
                yield f"the parameter {name} cannot be {value!r}"
        for name, parameter in known.items():
            if parameter.get("required") and parameter["location"] == "query" and name not in query:
                yield f"the parameter {name} is missing"
        if "request" in method:
            yield from self.problems(method["request"], body, "the request")
        elif body not in (None, {}):
            yield "a body, where there should be none"

    def problems(self, schema, value, where):
        """What is wrong with a value, by its schema."""
        while "$ref" in schema:
            schema = self.document["schemas"][schema["$ref"]]
        # What is null counts as left out.
        if value is None or schema.get("type") == "any":
            return
        wanted = TYPES[schema["type"]]
        if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
            yield f"{where} should be of type {schema['type']}, not {value!r}"
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.problems(schema["items"], item, f"{where}[{index}]")
        elif isinstance(value, dict):
            others = schema.get("additionalProperties")
            for name, item in value.items():
                inner = schema.get("properties", {}).get(name, others)
                if inner is None:
                    yield f"{where} has no field {name}"
                else:
                    yield from self.problems(inner, item, f"{where}.{name}")
        elif "enum" in schema and value not in schema["enum"]:
            yield f"{where} cannot be {value!r}"
        elif isinstance(value, str) and "pattern" in schema and not re.fullmatch(schema["pattern"], value):
            yield f"{where} is {value!r}, which does not match {schema['pattern']}"
