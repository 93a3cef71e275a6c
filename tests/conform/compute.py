"""A Compute Engine for trying gcp.py on this machine: it keeps templates and groups, and does at once what it is asked.

Usage: compute.py PORT
"""

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus

STORE = {"instanceTemplates": {}, "instanceGroupManagers": {}}
PATH = re.compile(r"/compute/v1/projects/[^/]+/regions/[^/]+/(?P<kind>\w+)(/(?P<name>[^/]+))?(/(?P<verb>\w+))?")
SEEN = {}
LOCK = threading.Lock()


class Refusal(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def used(name):
    groups = STORE["instanceGroupManagers"].values()
    return any(version["instanceTemplate"].endswith(f"/{name}") for group in groups for version in group["versions"])


def check(group):
    policy = group["updatePolicy"]
    surge = policy.get("maxSurge", {}).get("fixed", 0)
    if 0 < surge < 3:
        raise Refusal(400, "Invalid value for field 'maxSurge': it must be 0 or at least the number of zones")
    if surge and policy.get("replacementMethod") == "RECREATE":
        raise Refusal(400, "Invalid value for field 'maxSurge': it must be 0 with RECREATE")


def machines(group):
    left, versions = group["targetSize"], []
    for version in reversed(group["versions"]):
        number = min(left, version.get("targetSize", {}).get("fixed", left))
        versions += [version["instanceTemplate"]] * number
        left -= number
    return [{"instanceStatus": "RUNNING", "version": {"instanceTemplate": template}} for template in versions]


def answer(method, kind, name, verb, query, body):
    if kind == "operations":
        return {"name": name, "status": "DONE"}
    items = STORE[kind]
    if method == "GET" and not name:
        name = re.search(r'name eq "([^"]*)"', query)[1]
        return {"items": [item for item in items.values() if re.fullmatch(name, item["name"])]}
    if method == "POST" and not name:
        if body["name"] in items:
            raise Refusal(409, "alreadyExists")
        if kind == "instanceGroupManagers":
            check(body)
        items[body["name"]] = {**body, "id": "1", "kind": "compute", "fingerprint": "1"}
        return {"name": "insert", "status": "RUNNING"}
    if name not in items:
        raise Refusal(404, "notFound")
    item = items[name]
    if verb == "listManagedInstances":
        return {"managedInstances": machines(item)}
    if verb == "resize":
        item["targetSize"] = int(re.search(r"size=(\d+)", query)[1])
    elif method == "GET":
        return {**item, "status": {"isStable": True, "versionTarget": {"isReached": True}}}
    elif method == "DELETE":
        if kind == "instanceTemplates" and used(name):
            raise Refusal(400, "resourceInUseByAnotherResource")
        del items[name]
    elif method == "PATCH":
        token = re.search(r"requestId=([^&]+)", query)
        if token and token[1] in SEEN:
            return SEEN[token[1]]
        if body["fingerprint"] != item["fingerprint"]:
            raise Refusal(412, "conditionNotMet")
        changed = {**item, **body, "fingerprint": str(int(item["fingerprint"]) + 1)}
        changed["updatePolicy"] = {**item["updatePolicy"], **body.get("updatePolicy", {})}
        check(changed)
        items[name] = changed
        operation = {"name": f"patch-{changed['fingerprint']}", "status": "RUNNING"}
        if token:
            SEEN[token[1]] = operation
        return operation
    return {"name": method.lower(), "status": "RUNNING"}


class Handler(BaseHTTPRequestHandler):
    def handle_one(self):
        path, _, query = unquote_plus(self.path).partition("?")
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        found = PATH.fullmatch(path)
        try:
            with LOCK:
                status, said = 200, answer(self.command, found["kind"], found["name"], found["verb"], query, body)
        except Refusal as refusal:
            status, said = refusal.status, {"error": {"code": refusal.status, "message": str(refusal)}}
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    do_GET = do_POST = do_PATCH = do_DELETE = handle_one

    def log_message(self, *_):
        pass


# A client that is interrupted may leave a connection on which nothing comes.
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
