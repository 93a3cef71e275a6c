"""AWS, as far as a build needs it: moto, with what it lacks.

Usage: ec2.py WORLD, a JSON file with
  address          "HOST:PORT" to listen on
  account, region  where images are built
  regions          where else there may be images
  vpc, subnet, security_group, instance_profile   the names that the build looks for
  images           what is there already: [{"name", "owner", "architecture", "tags"}]
  authorized_keys  the file that lets a key pair into the machine that stands for an instance
  refuse           names of API actions that are refused
Besides the API, GET /rehearsal answers with all that is there, and with the requests that moto did not take.
"""

import json
import sys
from io import BytesIO
from urllib.parse import parse_qs

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

# A request of EC2 is a form; what is larger is not one.
MOST = 1 << 20


class World:
    def __init__(self, settings):
        self.settings = settings
        assert settings["account"] == DEFAULT_ACCOUNT_ID, "moto's account is another one"
        self.regions = {region: ec2_backends[settings["account"]][region] for region in settings["regions"]}
        self.ec2 = self.regions.setdefault(settings["region"], ec2_backends[settings["account"]][settings["region"]])
        self.deprecated = {}
        self.imds = {}
        self.problems = []
        self.launched = {}
        self.copies = []
        vpc = self.ec2.create_vpc("10.16.0.0/16")
        subnet = self.ec2.create_subnet(vpc.id, "10.16.0.0/24", availability_zone=settings["region"] + "a")
        group = self.ec2.create_security_group(settings["security_group"], "builds", vpc.id)
        for resource, name in [(vpc, "vpc"), (subnet, "subnet"), (group, "security_group")]:
            resource.add_tags({"Name": settings[name]})
        iam_backends[settings["account"]]["aws"].create_instance_profile(settings["instance_profile"], "/", [])
        for image in settings["images"]:
            self.put_image(**image)

    def put_image(self, name, owner, architecture, tags):
        image = Ami(
            self.ec2, random_ami_id(), name=name, owner_id=owner, architecture=architecture, virtualization_type="hvm",
            root_device_type="ebs", region_name=self.settings["region"], tags=tags,
        )  # fmt: skip
        self.ec2.amis[image.id] = image

    def before(self, action, form):
        """The answer to what is refused, or to what moto does not know."""
        if action in self.settings["refuse"]:
            error = f"<Code>UnauthorizedOperation</Code><Message>{action} is refused in this rehearsal</Message>"
            return 403, f"<Response><Errors><Error>{error}</Error></Errors><RequestID>1</RequestID></Response>"
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
            # As cloud-init does on a machine's first boot.
            self.launched = form
            pair = self.ec2.key_pairs[form["KeyName"]]
            with open(self.settings["authorized_keys"], "a", encoding="ascii") as keys:
                keys.write(pair.public_key.strip() + "\n")
        if action in ("CreateImage", "CopyImage"):
            for region in self.regions.values():
                for image in region.amis.values():
                    if image.owner_id == self.settings["account"]:
                        image.root_device_type = "ebs"
        if action == "CopyImage":
            self.copies.append({key: form.get(key) for key in ("Name", "Encrypted", "KmsKeyId", "SourceRegion")})

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


class Gate:
    """Stands before moto, and looks at each request of EC2."""

    def __init__(self, moto, world):
        self.moto = moto
        self.world = world

    def __call__(self, environ, start_response):
        def answer(status, text, kind="text/xml"):
            body = text.encode()
            start_response(f"{status} -", [("Content-Type", kind), ("Content-Length", str(len(body)))])
            return [body]

        if environ["PATH_INFO"] == "/rehearsal":
            state = {"found": self.world.state(), "problems": self.world.problems}
            return answer(200, json.dumps(state), "application/json")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        if not is_form or length > MOST:
            return self.moto(environ, start_response)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = BytesIO(body)
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        action = form.get("Action", "")
        own = self.world.before(action, form)

        def watched(status, headers, *rest):
            # What moto does not know, or refuses by itself, is no part of a good build.
            if int(status.split()[0]) >= 400:
                self.world.problems.append(f"{action}: {status}")
            return start_response(status, headers, *rest)

        answered = answer(*own) if own else list(self.moto(environ, watched))
        if not own or own[0] == 200:
            self.world.after(action, form)
        return answered


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    host, port = settings["address"].split(":")
    moto = DomainDispatcherApplication(create_backend_app)
    gate = Gate(moto, World(settings))
    run_simple(host, int(port), gate, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main()
