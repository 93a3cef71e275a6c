"""AWS, as far as a build needs it: moto, with what it lacks.

Usage: ec2.py WORLD, a JSON file with
  address          "HOST:PORT" to listen on
  account, region  where images are built
  regions          where else there may be images
  vpc, subnet, security_group, instance_profile   the names that the build looks for
  images           what is there already: [{"name", "owner", "architecture", "tags"}]
  spool            the folder in which the rehearsal is told what happens to machines (spool.py)
  refuse           names of API actions that are refused, each with a region or "" for all: [["CopyImage", "us-west-2"]]
  fleet            the fleet's name, a tag of its network
  policy           the policy of the one who builds
Besides the API, GET /rehearsal answers with all that is there, with the requests that moto did not take, and with the
permissions that were used and not used. Only calls with the access key "rehearsal" are held against the policy.
"""

import json
import re
import sys
import time
from io import BytesIO
from threading import Lock
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.kms.utils import ECDSAPrivateKey
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from policy import Policy, demands_of_ec2
from spool import Spool
from werkzeug.serving import run_simple

# A request of EC2 is a form; what is larger is not one.
MOST = 1 << 20


def sign_digest(key, message, _algorithm):
    """Signs what cosign sends: a digest. moto 5.2 does not know this kind of message, and would hash it again."""
    return key.private_key.sign(message, ec.ECDSA(Prehashed(hashes.SHA256())))


ECDSAPrivateKey.sign = sign_digest


class World:
    def __init__(self, settings):
        self.settings = settings
        assert settings["account"] == DEFAULT_ACCOUNT_ID, "moto's account is another one"
        self.regions = {region: ec2_backends[settings["account"]][region] for region in settings["regions"]}
        self.ec2 = self.regions.setdefault(settings["region"], ec2_backends[settings["account"]][settings["region"]])
        self.spool = Spool(settings["spool"])
        self.policy = Policy(settings["policy"])
        self.sessions = Sessions(self)
        self.made_from = {}
        self.deprecated = {}
        self.imds = {}
        self.problems = []
        self.launched = {}
        self.copies = []
        vpc = self.ec2.create_vpc("10.16.0.0/16")
        subnet = self.ec2.create_subnet(vpc.id, "10.16.0.0/24", availability_zone=settings["region"] + "a")
        group = self.ec2.create_security_group(settings["security_group"], "builds", vpc.id)
        for resource, name in [(vpc, "vpc"), (subnet, "subnet"), (group, "security_group")]:
            resource.add_tags({"Name": settings[name], "fleet": settings["fleet"], **({"tier": "build"} if name == "subnet" else {})})
        iam_backends[settings["account"]]["aws"].create_instance_profile(settings["instance_profile"], "/", [])
        key = kms_backends[settings["account"]][settings["region"]].create_key(
            policy="", key_usage="SIGN_VERIFY", key_spec="ECC_NIST_P256", description="", tags=[], origin="AWS_KMS"
        )
        kms_backends[settings["account"]][settings["region"]].create_alias(key.id, settings["signing_alias"])
        for image in settings["images"]:
            self.put_image(**image)

    def put_image(self, name, owner, architecture, tags):
        image = Ami(
            self.ec2, random_ami_id(), name=name, owner_id=owner, architecture=architecture, virtualization_type="hvm",
            root_device_type="ebs", region_name=self.settings["region"], tags=tags,
        )  # fmt: skip
        self.ec2.amis[image.id] = image

    def tags(self, identifier):
        for region in self.regions.values():
            for found in region.describe_tags(filters={"resource-id": [identifier]}):
                yield found["key"], found["value"]

    def before(self, action, form, region):
        """The answer to what is refused, or to what moto does not know."""

        def refused(why):
            error = f"<Code>UnauthorizedOperation</Code><Message>{why}</Message>"
            return 403, f"<Response><Errors><Error>{error}</Error></Errors><RequestID>1</RequestID></Response>"

        if any(action == refused_action and where in ("", region) for refused_action, where in self.settings["refuse"]):
            return refused(f"{action} is refused in this rehearsal")
        account = self.settings["account"]
        for demand in demands_of_ec2(action, form, region, account, lambda identifier: dict(self.tags(identifier))):
            if not self.allows(*demand):
                return refused(f"the policy of a build does not allow {demand[0]} on {demand[1]}")
        if action in ("StopInstances", "TerminateInstances"):
            event = "stop" if action == "StopInstances" else "end"
            for identifier in [value for key, value in form.items() if key.startswith("InstanceId")]:
                self.spool.ask(event, identifier)
        if action == "EnableImageDeprecation" and any(form["ImageId"] in region.amis for region in self.regions.values()):
            return 200, "<EnableImageDeprecationResponse><return>true</return></EnableImageDeprecationResponse>"
        return None

    def after(self, action, form):
        """What moto leaves out of what AWS does."""
        if action == "ModifyImageAttribute" and "ImdsSupport.Value" in form:
            self.imds[form["ImageId"]] = form["ImdsSupport.Value"]
        if action == "EnableImageDeprecation":
            self.deprecated[form["ImageId"]] = form["DeprecateAt"]
        if action == "RunInstances" and "KeyName" in form:
            self.launched = form
            instance = list(self.ec2.all_reservations())[-1].instances[0]
            pair = self.ec2.key_pairs[form["KeyName"]]
            image = self.ec2.amis[form["ImageId"]]
            self.spool.tell("start", instance.id, image=image.name, key=pair.public_key.strip())
        if action == "CreateImage":
            self.made_from[form["Name"]] = form["InstanceId"]
            self.spool.ask("image", form["InstanceId"], image=form["Name"])
        if action in ("CreateImage", "CopyImage"):
            for region in self.regions.values():
                for image in region.amis.values():
                    if image.owner_id == self.settings["account"]:
                        image.root_device_type = "ebs"
        if action == "CopyImage":
            # Packer encrypts an image by copying it.
            source = self.regions[form["SourceRegion"]].amis[form["SourceImageId"]].name
            self.made_from[form["Name"]] = self.made_from[source]
            self.spool.ask("image", self.made_from[source], image=form["Name"])
            self.copies.append({key: form.get(key) for key in ("Name", "Encrypted", "KmsKeyId", "SourceRegion")})

    def allows(self, action, resource, context):
        """Whether the policy allows it. What it does not allow is also a problem of the rehearsal."""
        allowed = self.policy.allows(action, resource, context)
        if not allowed:
            self.problems.append(f"the policy of a build does not allow {action} on {resource} with {context}")
        return allowed

    def sign(self, target):
        """A call of KMS, whose key is asked for by its alias."""
        account = self.settings["account"]
        alias = {"kms:RequestAlias": self.settings["signing_alias"]}
        self.allows(f"kms:{target.removeprefix('TrentService.')}", f"arn:aws:kms:{self.settings['region']}:{account}:key/1", alias)

    def state(self):
        """All that a build could leave, as a list of {kind, id, state, name, tags, …}."""
        found = []
        for name, region in self.regions.items():
            found.extend(self.state_of(name, region))
        return found

    def state_of(self, name, region):
        found = []

        def put(kind, resource, state, **more):
            tags = {tag["key"]: tag["value"] for tag in resource.get_tags()}
            found.append({"kind": kind, "id": resource.id, "state": state, "tags": tags, "region": name, **more})

        for reservation in region.all_reservations():
            for instance in reservation.instances:
                tokens = instance.metadata_options.http_tokens
                put("instance", instance, instance.state, public=instance.public_ip, tokens=tokens, launched=self.launched)
        ours = [image for image in region.amis.values() if image.owner_id == self.settings["account"]]
        of_ours = {image.ebs_snapshot.id for image in ours}
        for image in ours:
            put(
                "image", image, image.state, name=image.name, deprecated=self.deprecated.get(image.id),
                imds=self.imds.get(image.id), copies=[copy for copy in self.copies if copy["Name"] == image.name],
            )  # fmt: skip
        for volume in region.volumes.values():
            put("volume", volume, volume.status, encrypted=volume.encrypted)
        for snapshot in region.snapshots.values():
            # Those of the vendors' images are not ours.
            if snapshot.id in of_ours or not snapshot.from_ami:
                put("snapshot", snapshot, snapshot.status)
        for pair in region.key_pairs.values():
            put("key pair", pair, "available", name=pair.key_name)
        for groups in region.groups.values():
            for group in groups.values():
                if group.name not in ("default", self.settings["security_group"]):
                    put("security group", group, "available", name=group.name)
        return found


class Sessions:
    """Session Manager, as far as Packer and its runner use it."""

    def __init__(self, world):
        self.world = world
        self.agents, self.open, self.number = {}, {}, 0

    def report(self, instance, address):
        """An agent is there."""
        self.agents[instance] = (address, time.time())

    def allowed(self, action, resource, context):
        return self.world.allows(f"ssm:{action}", resource, context)

    def call(self, action, body):
        region, account = self.world.settings["region"], self.world.settings["account"]
        session = f"arn:aws:ssm:{region}:{account}:session/{body.get('SessionId')}"
        match action:
            case "StartSession":
                instance = f"arn:aws:ec2:{region}:{account}:instance/{body['Target']}"
                tags = {f"ssm:resourceTag/{key}": value for key, value in self.world.tags(body["Target"])}
                document = f"arn:aws:ssm:{region}::document/{body['DocumentName']}"
                if not self.allowed(action, instance, tags) or not self.allowed(action, document, {}):
                    return 400, {"__type": "AccessDeniedException", "message": f"{action} on {instance}"}
                if body["Target"] not in self.agents:
                    return 400, {"__type": "TargetNotConnected", "message": f"{body['Target']} is not connected."}
                self.number += 1
                identifier = f"rehearsal-{self.number:04}"
                self.open[identifier] = body["Target"]
                self.allowed_channel(f"arn:aws:ssm:{region}:{account}:session/{identifier}")
                address = self.agents[body["Target"]][0]
                return 200, {"SessionId": identifier, "TokenValue": "token", "StreamUrl": f"wss://{address}/{identifier}"}
            case "TerminateSession":
                if not self.allowed(action, session, {}):
                    return 400, {"__type": "AccessDeniedException", "message": f"{action} on {session}"}
                self.open.pop(body["SessionId"], None)
                return 200, {"SessionId": body["SessionId"]}
            case "DescribeSessions" | "DescribeInstanceInformation":
                if not self.allowed(action, "*", {}):
                    return 400, {"__type": "AccessDeniedException", "message": action}
                wanted = [value for entry in body.get("Filters", []) for value in listed(entry.get("Values") or entry.get("value"))]
                if action == "DescribeSessions":
                    found = [{"SessionId": it, "Target": to, "Status": "Connected"} for it, to in self.open.items() if to in wanted]
                    return 200, {"Sessions": found}
                online = [(it, at) for it, (_, at) in self.agents.items() if it in wanted]
                found = [{"InstanceId": it, "PingStatus": "Online", "LastPingDateTime": at} for it, at in online]
                return 200, {"InstanceInformationList": found}
        return 400, {"__type": "ValidationException", "message": f"{action} is not part of this rehearsal"}

    def allowed_channel(self, session):
        """The plugin opens the data channel with the same credentials."""
        self.world.allows("ssmmessages:OpenDataChannel", session, {})


def listed(value):
    return value if isinstance(value, list) else [value]


class Gate:
    """Sees each request before moto does."""

    def __init__(self, moto, world):
        self.moto = moto
        self.world = world
        self.one_at_a_time = Lock()

    def __call__(self, environ, start_response):
        def answer(status, text, kind="text/xml"):
            body = text.encode()
            start_response(f"{status} -", [("Content-Type", kind), ("Content-Length", str(len(body)))])
            return [body]

        length = int(environ.get("CONTENT_LENGTH") or 0)
        path = environ["PATH_INFO"]
        if path.startswith("/rehearsal"):
            return answer(*self.rehearsal(path, environ["wsgi.input"].read(length)), "application/json")
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        # Those who publish programs have other keys than the one who builds.
        scope = re.search(r"Credential=rehearsal/[0-9]+/([a-z0-9-]+)/([a-z0-9-]+)/", authorization)
        region, service = scope.groups() if scope else ("", "")
        is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target.startswith("AmazonSSM.") and length <= MOST:
            body = json.loads(environ["wsgi.input"].read(length) or "{}")
            status, said = self.world.sessions.call(target.removeprefix("AmazonSSM."), body)
            return answer(status, json.dumps(said), "application/x-amz-json-1.1")
        if service == "s3" and not self.allows_object(environ["REQUEST_METHOD"], path):
            return answer(403, "<Error><Code>AccessDenied</Code></Error>")
        if service == "kms":
            self.world.sign(target)
        if not is_form or length > MOST or service not in ("ec2", "iam"):
            return self.moto(environ, start_response)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = BytesIO(body)
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        action = form.get("Action", "")
        if service == "iam":
            resource = f"arn:aws:iam::{self.world.settings['account']}:instance-profile/{form.get('InstanceProfileName')}"
            self.world.allows(f"iam:{action}", resource, {})
            return self.moto(environ, start_response)
        own = self.world.before(action, form, region)

        def watched(status, headers, *rest):
            # What moto does not know, or refuses by itself, is no part of a good build.
            if int(status.split()[0]) >= 400:
                self.world.problems.append(f"{action}: {status}")
            return start_response(status, headers, *rest)

        # Packer copies an image to all regions at once, and moto's tables are not made for two calls at a time.
        with self.one_at_a_time:
            answered = answer(*own) if own else list(self.moto(environ, watched))
            if not own or own[0] == 200:
                self.world.after(action, form)
        return answered


    def rehearsal(self, path, body):
        """What the rehearsal, its agents and its plugin ask."""
        world = self.world
        match path.strip("/").split("/")[1:]:
            case []:
                policy = world.policy
                used = sorted(": ".join(one) for one in policy.used)
                unused = sorted(": ".join(one) for one in policy.permissions() - policy.used)
                state = {"found": world.state(), "problems": world.problems, "used": used, "unused": unused}
                return 200, json.dumps(state)
            case ["agents", instance]:
                world.sessions.report(instance, body.decode())
                return 200, "{}"
            case ["lost", instance]:
                # Its agent is gone. Session Manager would notice later.
                world.sessions.agents.pop(instance, None)
                return 200, "{}"
            case ["allow"]:
                world.settings["refuse"] = []
                return 200, "{}"
            case ["cut"]:
                world.sessions.open.clear()
                return 200, "{}"
            case ["sessions", session]:
                return (200 if session in world.sessions.open else 410), "{}"
        return 404, "{}"

    def allows_object(self, method, path):
        bucket, _, key = path.strip("/").partition("/")
        action = "GetObject" if method in ("GET", "HEAD") else "PutObject"
        return self.world.allows(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}", {})


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    host, port = settings["address"].split(":")
    moto = DomainDispatcherApplication(create_backend_app)
    gate = Gate(moto, World(settings))
    run_simple(host, int(port), gate, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main()
