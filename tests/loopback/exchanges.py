"""Holds what clients and the simulated clouds said to each other against the vendors' own descriptions of their APIs.

Usage: exchanges.py FILE..., each with what GET /_world/exchanges answered. AWS: botocore's models, its validator, its
serializers and its parsers. Google Cloud: the discovery document. Prints the calls, one a line, as `service operation`, and ends
with 1 and the problems if there are any. What a fault has spoiled is not looked at. Of each operation, one exchange is then
spoiled on purpose, in its request and in its answer, and must be found out.
"""

import io
import json
import sys
from pathlib import Path
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from botocore import parsers, serialize, validate
from botocore.loaders import Loader
from botocore.model import ServiceModel

sys.path.insert(0, str(Path(__file__).parent.parent / "rehearsal" / "clouds"))

from discovery import Api

SERVICES = {"autoscaling": "autoscaling", "cloudwatch": "cloudwatch", "ec2": "ec2", "elasticloadbalancing": "elbv2", "ssm": "ssm", "sts": "sts"}
SCALARS = {"string": str, "integer": int, "long": int, "float": float, "double": float, "boolean": lambda text: text == "true", "timestamp": str}


class Aws:
    """A service, by its model. CloudWatch speaks several protocols; clients choose CBOR."""

    def __init__(self, name):
        self.model = ServiceModel(Loader().load_service_model(SERVICES[name], "service-2"), name)
        offered = self.model.metadata.get("protocols", [self.model.metadata["protocol"]])
        self.protocol = "smithy-rpc-v2-cbor" if name == "cloudwatch" and "smithy-rpc-v2-cbor" in offered else self.model.metadata["protocol"]

    def problems(self, exchange):
        operation = self.model.operation_model(exchange["operation"])
        body = bytes.fromhex(exchange["body"])
        parameters = self.decode(operation.input_shape, body)
        report = validate.ParamValidator().validate(parameters, operation.input_shape)
        if report.has_errors():
            yield f"the request: {report.generate_report()}"
        elif self.protocol in ("query", "ec2"):
            written = serialize.create_serializer(self.protocol).serialize_to_request(parameters, operation)["body"]
            sent = dict(parse_qsl(body.decode(), keep_blank_values=True))
            # An empty list is written by some and left out by others.
            if {key: str(value) for key, value in written.items() if value != ""} != {key: value for key, value in sent.items() if value != ""}:
                yield f"the request: sent {sent}, and botocore would send {written}"
        yield from self.problems_of_answer(operation, exchange["answer"])

    def answers(self, exchange):
        return self.model.operation_model(exchange["operation"]).output_shape is not None

    def problems_of_answer(self, operation, answer):
        if answer is None:
            return
        body = bytes.fromhex(answer["body"])
        headers = {"content-type": answer["content"], "smithy-protocol": "rpc-v2-cbor"}
        response = {"status_code": answer["status"], "headers": headers, "body": body}
        parsed = parsers.create_parser(self.protocol).parse(response, operation.output_shape)
        if answer["status"] != 200:
            if not parsed.get("Error", {}).get("Code"):
                yield f"the error has no code: {body.decode(errors='replace')}"
            return
        if operation.output_shape is None:
            return
        if self.protocol in ("query", "ec2"):
            root = ElementTree.fromstring(body)
            for element in root.iter():
                element.tag = element.tag.split("}")[-1]
            if "resultWrapper" in operation.output_shape.serialization:
                root = root.find(operation.output_shape.serialization["resultWrapper"])
            yield from self.problems_of_xml(operation.output_shape, root, "the answer")
        else:
            value = json.loads(body) if self.protocol == "json" else cbor(body)
            yield from self.problems_of_value(operation.output_shape, value, "the answer")

    def problems_of_xml(self, shape, element, where):
        """What an element has that its shape does not."""
        if shape.type_name == "structure":
            members = {self.written(member, name): (name, member) for name, member in shape.members.items()}
            for child in element:
                if child.tag in ("requestId", "ResponseMetadata"):
                    continue
                if child.tag not in members:
                    yield f"{where} has no {child.tag}"
                    continue
                name, member = members[child.tag]
                yield from self.problems_of_xml(member, child, f"{where}.{name}")
        elif shape.type_name == "list":
            wanted = shape.member.serialization.get("name", "member")
            for child in element:
                if child.tag != wanted:
                    yield f"{where} has items {wanted}, not {child.tag}"
                yield from self.problems_of_xml(shape.member, child, f"{where}[]")
        elif len(element):
            yield f"{where} is no structure"
        elif shape.type_name in ("integer", "long") and not (element.text or "").lstrip("-").isdigit():
            yield f"{where} is no number: {element.text}"
        elif shape.type_name == "boolean" and element.text not in ("true", "false"):
            yield f"{where} is neither true nor false: {element.text}"
        elif getattr(shape, "enum", None) and element.text not in shape.enum:
            yield f"{where} cannot be {element.text}"

    def written(self, shape, name):
        return shape.serialization.get("name", name)

    def problems_of_value(self, shape, value, where):
        if shape.type_name == "structure":
            for name, item in value.items():
                if name not in shape.members:
                    yield f"{where} has no {name}"
                else:
                    yield from self.problems_of_value(shape.members[name], item, f"{where}.{name}")
        elif shape.type_name == "list":
            for item in value:
                yield from self.problems_of_value(shape.member, item, f"{where}[]")
        elif shape.type_name == "string" and not isinstance(value, str):
            yield f"{where} is no text: {value!r}"
        elif shape.type_name in ("integer", "long") and not isinstance(value, int):
            yield f"{where} is no number: {value!r}"
        elif getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{where} cannot be {value}"

    def decode(self, shape, body):
        if self.protocol == "json":
            return json.loads(body)
        if self.protocol not in ("query", "ec2"):
            return cbor(body)
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        form.pop("Action"), form.pop("Version")
        value = self.read(shape, form, "") if shape else {}
        if form:
            raise ValueError(f"what the request sends and the model does not know: {form}")
        return value or {}

    def read(self, shape, form, prefix):
        """The value below a prefix, whose keys are taken out of the form."""
        if shape.type_name == "structure":
            found = {}
            for name, member in shape.members.items():
                key = self.in_form(member, name)
                value = self.read(member, form, f"{prefix}.{key}" if prefix else key)
                if value is not None:
                    found[name] = value
            return found or None
        if shape.type_name == "list":
            flat = self.protocol == "ec2" or shape.serialization.get("flattened")
            items = []
            for number in range(1, 1000):
                middle = "" if flat else "." + shape.member.serialization.get("name", "member")
                item = self.read(shape.member, form, f"{prefix}{middle}.{number}")
                if item is None:
                    break
                items.append(item)
            return items or None
        text = form.pop(prefix, None)
        return None if text is None else SCALARS.get(shape.type_name, str)(text)

    def in_form(self, shape, name):
        written = shape.serialization
        if self.protocol == "ec2":
            return written.get("queryName") or (written["name"][0].upper() + written["name"][1:] if "name" in written else name)
        return written.get("name", name)


def cbor(body):
    return parsers.RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body)))


class Google:
    def __init__(self):
        self.api = Api("compute.v1")

    def answers(self, _exchange):
        return True

    def problems(self, exchange):
        path = exchange["path"].removeprefix("/compute/v1/")
        method, _ = self.api.find(exchange["verb"], path)
        if method is None:
            yield f"there is no method {exchange['verb']} {path}"
            return
        if method["id"] != exchange["operation"]:
            yield f"this is {method['id']}, and was taken for {exchange['operation']}"
        # $alt and $apiVersion are of every API, and what is empty counts as left out.
        query = {key: value for key, value in parse_qsl(exchange["query"]) if not key.startswith("$")}
        body = bytes.fromhex(exchange["body"])
        sent = json.loads(body) if body else None
        yield from self.api.problems_of_request(method, query, sent)
        answer = exchange["answer"]
        if answer and answer["status"] == 200:
            value = json.loads(bytes.fromhex(answer["body"]))
            yield from self.api.problems(method["response"], value, "the answer")


def spoiled(exchange):
    """The exchange with a field in its request, and with one in its answer, that does not exist."""

    def changed(service, operation, body):
        body = bytes.fromhex(body)
        if service == "cloudwatch":
            return body.replace(b"AlarmName", b"AlarmNome").hex()
        if service in ("compute", "ssm"):
            return json.dumps(json.loads(body or b"{}") | {"mutant": 1}).encode().hex()
        if body.startswith(b"<"):
            end = f"</{operation}{'Response' if service == 'ec2' else 'Result'}>".encode()
            return body.replace(end, b"<Mutant>1</Mutant>" + end).hex()
        return (body + b"&Mutant=1").hex()

    service, operation, answer = exchange["service"], exchange["operation"], exchange["answer"]
    yield "request", exchange | {"body": changed(service, operation, exchange["body"])}
    body = answer["body"]
    # An error has no fields, and some answers say nothing but that they are one.
    if answer["status"] == 200 and (mutant := changed(service, operation, body)) != body:
        yield "answer", exchange | {"answer": answer | {"body": mutant}}


def problems_of(services, exchange):
    try:
        return list(services[exchange["service"]].problems(exchange))
    except (KeyError, ValueError, parsers.ResponseParserError) as error:
        return [f"{type(error).__name__}: {error}"]


def main():
    services = {name: Aws(name) for name in SERVICES} | {"compute": Google()}
    calls, problems, count = set(), [], 0
    for name in sys.argv[1:]:
        for exchange in json.loads(Path(name).read_text("utf-8")):
            if exchange["answer"] and exchange["answer"]["fault"]:
                continue
            count += 1
            call = f"{exchange['service']} {exchange['operation']}"
            problems += [f"{call}: {problem}" for problem in problems_of(services, exchange)]
            if call not in calls and exchange["answer"]:
                calls.add(call)
                # Nothing is looked for in an answer that says nothing but that it is one.
                parts = [(part, mutant) for part, mutant in spoiled(exchange) if part == "request" or services[exchange["service"]].answers(exchange)]
                mutants = [part for part, mutant in parts if not problems_of(services, mutant)]
                problems += [f"{call}: a spoiled {part} was not found out" for part in mutants]
    if not count:
        problems.append("there was no exchange")
    for call in sorted(calls):
        print(call)
    for problem in sorted(set(problems)):
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
