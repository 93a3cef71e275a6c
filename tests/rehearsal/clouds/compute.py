"""GCP, as far as a build needs it: Compute Engine, OS Login and the owner of a token, in memory.

Every request is held against Google's own description of the API (discovery.py), and so is every answer. What is not
described, or not known here, is answered with an error and kept as a problem.

Usage: compute.py WORLD, a JSON file with
  address          "HOST:PORT" to listen on
  machine          the address of the machine that stands for an instance
  images           what is there already: [{"project", "name", "labels"}]
  subnetworks      names of subnetworks
  spool            the folder in which the rehearsal is told what happens to machines (spool.py)
  user             the name that OS Login gives
  refuse           ids of API methods that are refused, such as compute.images.insert
  permissions      what the caller may do, such as compute.images.create
  needs            the permissions that a method asks for, by its id
Besides the API, GET /rehearsal answers with all that is there, with the problems, and with the permissions that were used, and
those that were not.
"""

import hashlib
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import parse_qsl, urlsplit

from discovery import Api
from spool import Spool

MOST = 1 << 20
LABEL = re.compile(r"[a-z0-9_-]{0,63}")


class Refusal(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Cloud:
    """The state, with a method for each method of the API, by its id."""

    def __init__(self, settings):
        self.settings = settings
        self.base = f"http://{settings['address']}/compute/v1/"
        self.images, self.instances, self.disks, self.operations, self.keys = {}, {}, {}, {}, {}
        self.past = []
        self.spool = Spool(settings["spool"])
        self.public_keys = []
        self.made_by = {}
        self.used = set()
        for image in settings["images"]:
            found = {"name": image["name"], "labels": image["labels"], "status": "READY", "architecture": "X86_64"}
            found["guestOsFeatures"] = [{"type": "UEFI_COMPATIBLE"}, {"type": "GVNIC"}]
            self.put(self.images, f"projects/{image['project']}/global/images/{image['name']}", found)

    def put(self, kind, path, resource):
        if path in kind:
            raise Refusal(409, f"{path} exists already")
        for key, value in resource.get("labels", {}).items():
            if not LABEL.fullmatch(value) or not LABEL.fullmatch(key) or not key[:1].islower():
                raise Refusal(400, f"Invalid value for field 'labels': {key}={value}")
        kind[path] = {"selfLink": self.base + path} | resource

    @staticmethod
    def get(kind, path):
        if path not in kind:
            raise Refusal(404, f"The resource '{path}' was not found")
        return kind[path]

    def path(self, link):
        """The path of a resource, from the whole or partial URL that a client gives for it."""
        path = urlsplit(link).path
        return path[path.index("projects/") :] if "projects/" in path else path

    def done(self, scope):
        name = f"operation-{len(self.operations) + 1}"
        self.operations[name] = {"name": name, "status": "DONE", "selfLink": f"{self.base}{scope}/operations/{name}"}
        return self.operations[name]

    def compute_projects_get(self, at, _query, _body):
        return {"name": at["project"], "commonInstanceMetadata": {"items": []}}

    def compute_zones_get(self, at, _query, _body):
        path = f"projects/{at['project']}/zones/{at['zone']}"
        return {"name": at["zone"], "status": "UP", "selfLink": self.base + path}

    def compute_machineTypes_get(self, at, _query, _body):
        path = f"projects/{at['project']}/zones/{at['zone']}/machineTypes/{at['machineType']}"
        return {"name": at["machineType"], "zone": at["zone"], "selfLink": self.base + path}

    def compute_images_get(self, at, _query, _body):
        return self.get(self.images, f"projects/{at['project']}/global/images/{at['image']}")

    def compute_images_insert(self, at, _query, body):
        disk = self.get(self.disks, self.path(body["sourceDisk"]))
        if any(self.path(used["source"]) == self.path(disk["selfLink"]) for used in self.used_disks()):
            raise Refusal(400, "The disk is in use by an instance")
        where = f"projects/{at['project']}"
        # What is not said comes from the image that the disk was made from.
        source = self.get(self.images, self.path(disk["sourceImage"]))
        image = {key: source[key] for key in ("architecture", "guestOsFeatures")} | body | {"status": "READY"}
        self.put(self.images, f"{where}/global/images/{body['name']}", image | {"id": str(1000 + len(self.images))})
        self.spool.ask("image", self.made_by[self.path(disk["selfLink"])], image=body["name"])
        return self.done(f"{where}/global")

    def compute_images_list(self, at, _query, _body):
        where = f"projects/{at['project']}/global/images/"
        found = [{"id": "1", **image} for path, image in self.images.items() if path.startswith(where)]
        return {"items": found}

    def compute_images_deprecate(self, at, _query, body):
        self.compute_images_get(at, _query, body)["deprecated"] = body
        return self.done(f"projects/{at['project']}/global")

    def compute_images_delete(self, at, _query, _body):
        self.compute_images_get(at, _query, _body)
        del self.images[f"projects/{at['project']}/global/images/{at['image']}"]
        return self.done(f"projects/{at['project']}/global")

    def used_disks(self):
        return [disk for instance in self.instances.values() for disk in instance["disks"]]

    def compute_instances_insert(self, at, _query, body):
        where = f"projects/{at['project']}/zones/{at['zone']}"
        (network,) = body["networkInterfaces"]
        if network["subnetwork"].rsplit("/", 1)[-1] not in self.settings["subnetworks"]:
            raise Refusal(404, f"The resource '{network['subnetwork']}' was not found")
        used = []
        for disk in body["disks"]:
            initial = disk["initializeParams"]
            self.get(self.images, self.path(initial["sourceImage"]))
            name = initial.get("diskName") or body["name"]
            made = {"name": name, "status": "READY", "labels": initial.get("labels", {}), "sourceImage": initial["sourceImage"]}
            made |= {key: disk[key] for key in ("diskEncryptionKey",) if key in disk}
            self.put(self.disks, f"{where}/disks/{name}", made)
            used.append({"source": f"{self.base}{where}/disks/{name}", "autoDelete": disk.get("autoDelete", False)})
            image = initial["sourceImage"].rsplit("/", 1)[-1]
            self.made_by[f"{where}/disks/{name}"] = body["name"]
        external = [config for config in network.get("accessConfigs", []) if config is not None]
        interface = {"networkIP": self.settings["machine"], "accessConfigs": external}
        instance = body | {"status": "RUNNING", "disks": used, "networkInterfaces": [interface]}
        self.put(self.instances, f"{where}/instances/{body['name']}", instance)
        # As OS Login on the machine does at a login: it asks for the keys of the user.
        self.spool.tell("start", body["name"], image=image, key="\n".join(self.public_keys))
        return self.done(where)

    def compute_instances_get(self, at, _query, _body):
        path = f"projects/{at['project']}/zones/{at['zone']}/instances/{at['instance']}"
        return self.get(self.instances, path)

    def compute_instances_delete(self, at, _query, _body):
        instance = self.compute_instances_get(at, _query, _body)
        self.spool.ask("stop", at["instance"])
        self.past.append(instance | {"status": "TERMINATED"})
        for disk in instance["disks"]:
            if disk["autoDelete"]:
                del self.disks[self.path(disk["source"])]
        del self.instances[f"projects/{at['project']}/zones/{at['zone']}/instances/{at['instance']}"]
        return self.done(f"projects/{at['project']}/zones/{at['zone']}")

    def compute_instances_getSerialPortOutput(self, at, _query, _body):
        self.compute_instances_get(at, _query, _body)
        return {"contents": "", "start": "0", "next": "0"}

    def compute_disks_get(self, at, _query, _body):
        return self.get(self.disks, f"projects/{at['project']}/zones/{at['zone']}/disks/{at['disk']}")

    def compute_disks_delete(self, at, _query, _body):
        self.compute_disks_get(at, _query, _body)
        del self.disks[f"projects/{at['project']}/zones/{at['zone']}/disks/{at['disk']}"]
        self.spool.tell("end", self.made_by[f"projects/{at['project']}/zones/{at['zone']}/disks/{at['disk']}"])
        return self.done(f"projects/{at['project']}/zones/{at['zone']}")

    def compute_zoneOperations_get(self, at, _query, _body):
        return self.get(self.operations, at["operation"])

    compute_globalOperations_get = compute_zoneOperations_get

    def oauth2_tokeninfo(self, _at, _query, _body):
        return {"email": "builder@example.iam.gserviceaccount.com", "verified_email": True}

    def oslogin_users_importSshPublicKey(self, at, _query, body):
        name = f"users/{at['usersId']}"
        fingerprint = hashlib.sha256(body["key"].encode()).hexdigest()
        self.keys[f"{name}/sshPublicKeys/{fingerprint}"] = body
        self.public_keys.append(body["key"].strip())
        account = {"primary": True, "username": self.settings["user"]}
        return {"loginProfile": {"name": name, "posixAccounts": [account]}}

    def oslogin_users_sshPublicKeys_delete(self, at, _query, _body):
        path = f"users/{at['usersId']}/sshPublicKeys/{at['sshPublicKeysId']}"
        self.get(self.keys, path)
        del self.keys[path]
        return {}

    def state(self):
        """All that a build could leave, as a list of {kind, id, state, tags, …}."""
        kinds = [("instance", self.instances), ("disk", self.disks), ("image", self.images)]
        found = [
            {"kind": kind, "id": path, "state": resource["status"], "tags": resource.get("labels", {}), "resource": resource}
            for kind, resources in kinds
            for path, resource in resources.items()
        ]
        for instance in self.past:
            found.append({"kind": "instance", "id": instance["name"], "state": "TERMINATED", "tags": instance["labels"]})
            found[-1]["resource"] = instance
        for name, key in self.keys.items():
            found.append({"kind": "key", "id": name, "state": "imported", "tags": {}, "resource": key})
        return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = Lock()
    problems = []
    cloud = None
    apis = {}

    def log_message(self, *_):
        pass

    def answer(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/rehearsal":
            used, all_of_them = self.cloud.used, set(self.cloud.settings["permissions"])
            permissions = {"used": sorted(used), "unused": sorted(all_of_them - used)}
            self.answer(200, {"found": self.cloud.state(), "problems": self.problems} | permissions)
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if 0 < length < MOST else None
        with self.lock:
            try:
                self.answer(200, self.call(url, body))
            except Refusal as refusal:
                self.answer(refusal.code, {"error": {"code": refusal.code, "message": str(refusal)}})

    do_POST = do_DELETE = do_PATCH = do_PUT = do_GET

    def call(self, url, body):
        prefix, _, path = url.path.strip("/").partition("/")
        api = self.apis.get(prefix)
        path = path.removeprefix("v1/") if prefix == "compute" else path
        method, at = api.find(self.command, path) if api else (None, {})
        if method is None:
            raise self.problem(404, f"no API of Google has {self.command} {url.path}")
        query = dict(parse_qsl(url.query))
        for problem in api.problems_of_request(method, query, body):
            raise self.problem(400, f"{method['id']}: {problem}")
        if method["id"] in self.cloud.settings["refuse"]:
            raise Refusal(403, f"{method['id']} is refused in this rehearsal")
        self.authorize(method["id"])
        does = getattr(self.cloud, method["id"].replace(".", "_"), None)
        if does is None:
            raise self.problem(501, f"{method['id']} is not part of this rehearsal")
        answer = does(at, query, body)
        for problem in api.problems(method["response"], answer, "the answer"):
            raise self.problem(500, f"{method['id']}: {problem}")
        return answer

    def authorize(self, method):
        """Only Compute Engine asks: a caller's own keys for OS Login are its own."""
        if not method.startswith("compute."):
            return
        needs = self.cloud.settings["needs"].get(method)
        if needs is None:
            raise self.problem(501, f"{method} is not in tests/iam/google.txt")
        for permission in needs:
            if permission not in self.cloud.settings["permissions"]:
                raise Refusal(403, f"Required '{permission}' permission for {method}")
            self.cloud.used.add(permission)

    def problem(self, code, text):
        self.problems.append(text)
        return Refusal(code, text)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    Handler.cloud = Cloud(settings)
    Handler.apis = {"compute": Api("compute.v1"), "oslogin": Api("oslogin.v1"), "oauth2": Api("oauth2.v2")}
    host, port = settings["address"].split(":")
    ThreadingHTTPServer((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
