"""Tries on a real project what rollouts assume of Google Cloud. `cargo xtask conform gcp` runs it.

It makes instance templates, and a regional group of at most four e2-micro. Their names begin with the prefix, and their descriptions are
`fleetgen-conform PREFIX`.
"""

import sys

import google.auth
import googleapiclient.discovery
from google.auth.credentials import AnonymousCredentials
from googleapiclient.errors import HttpError

from conform import Broken, Conform, Missing, main

IMAGE = "projects/debian-cloud/global/images/family/debian-12"
# What Google fills in.
OUTPUT = ("id", "selfLink", "creationTimestamp", "region", "kind")


class Gcp(Conform):
    def __init__(self, arguments):
        super().__init__(arguments.prefix, arguments.poll)
        self.endpoint = arguments.endpoint
        self.place = {"project": arguments.project, "region": arguments.region}
        self.subnetwork = arguments.subnetwork
        self.description = f"fleetgen-conform {self.prefix}"

    def connect(self):
        if self.endpoint:
            credentials, options = AnonymousCredentials(), {"api_endpoint": self.endpoint}
        else:
            credentials, options = google.auth.default()[0], None
        self.compute = googleapiclient.discovery.build(
            "compute", "v1", credentials=credentials, client_options=options, static_discovery=True
        )

    def call(self, collection, method, **request):
        operation = f"compute.{collection}.{method}"
        try:
            answer = getattr(getattr(self.compute, collection)(), method)(**self.place, **request).execute()
        except HttpError as error:
            self.note(operation, request, {"status": error.status_code, "error": error.error_details})
            raise
        self.note(operation, request, answer)
        return answer

    def change(self, collection, method, **request):
        """Makes a change, and waits until its operation is done."""
        started = self.call(collection, method, **request)
        look = lambda: self.call("regionOperations", "get", operation=started["name"])
        done = self.wait(f"{method} is done", lambda: (it := look())["status"] == "DONE" and it)
        if "error" in done:
            raise Broken(f"{method} failed: {done['error']['errors'][0]}")
        return done

    def refused(self, reason, collection, method, **request):
        """Makes a change that must be refused, at once or by its operation, with a word in the reason."""
        try:
            self.change(collection, method, **request)
        except HttpError as error:
            if reason not in str(error):
                raise
            return
        except Broken as error:
            if reason not in str(error):
                raise
            return
        raise Broken(f"{method} was not refused with {reason}")

    def template(self, number):
        return f"{self.prefix}-{number}"

    def url(self, number):
        project, region = self.place.values()
        return f"projects/{project}/regions/{region}/instanceTemplates/{self.template(number)}"

    def set_up(self):
        interface = {"subnetwork": self.subnetwork}
        disk = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": IMAGE}}
        properties = {"machineType": "e2-micro", "disks": [disk], "networkInterfaces": [interface]}
        body = {"name": self.template(1), "description": self.description, "properties": properties}
        self.change("regionInstanceTemplates", "insert", body=body)
        policy = {"type": "PROACTIVE", "minimalAction": "REPLACE", "maxSurge": {"fixed": 3}, "maxUnavailable": {"fixed": 0}}
        body = {
            "name": self.prefix, "description": self.description, "targetSize": 0, "updatePolicy": policy,
            "versions": [{"instanceTemplate": self.url(1)}],
        }
        self.change("regionInstanceGroupManagers", "insert", body=body)
        self.copied = 1

    def clean(self):
        """Only what has both the name and the description is ours."""
        for collection, key in (
            ("regionInstanceGroupManagers", "instanceGroupManager"),
            ("regionInstanceTemplates", "instanceTemplate"),
        ):
            found = self.call(collection, "list", filter=f'name eq "{self.prefix}(-[0-9]+)?"').get("items", [])
            for item in found:
                if item.get("description") != self.description:
                    sys.exit(f"{item['name']} is not described as {self.description!r}, so it is not ours; choose another prefix")
                try:
                    self.change(collection, "delete", **{key: item["name"]})
                except HttpError as error:
                    # An interrupted deletion may have been carried out in the meantime.
                    if error.status_code != 404:
                        raise

    # What is looked at.

    def group(self):
        return self.call("regionInstanceGroupManagers", "get", instanceGroupManager=self.prefix)

    def machines(self):
        """The templates of the machines that run, sorted."""
        found = self.call("regionInstanceGroupManagers", "listManagedInstances", instanceGroupManager=self.prefix)
        machines = [it for it in found.get("managedInstances", []) if it.get("instanceStatus") == "RUNNING"]
        return sorted(it["version"]["instanceTemplate"].rsplit("-", 1)[1] for it in machines if it.get("version"))

    def copy(self):
        """A template like the first one, as rollouts make it."""
        self.copied += 1
        body = self.call("regionInstanceTemplates", "get", instanceTemplate=self.template(1))
        for field in OUTPUT:
            body.pop(field, None)
        body["name"] = self.template(self.copied)
        self.change("regionInstanceTemplates", "insert", body=body)
        return self.copied

    def patch(self, method="change", **body):
        body["fingerprint"] = self.group()["fingerprint"]
        return getattr(self, method)("regionInstanceGroupManagers", "patch", instanceGroupManager=self.prefix, body=body)

    def versions(self, rest, some=None, number=None):
        versions = [{"instanceTemplate": self.url(rest)}]
        if some:
            versions.append({"instanceTemplate": self.url(some), "targetSize": {"fixed": number}})
        self.patch(versions=versions)

    def settle(self):
        def look():
            status = self.group()["status"]
            return status["isStable"] and status["versionTarget"]["isReached"]

        self.wait("the group is stable and its versions are reached", look)

    def resize(self, size):
        self.change("regionInstanceGroupManagers", "resize", instanceGroupManager=self.prefix, size=size)
        self.settle()

    # The assumptions.

    def tries_a_copy(self):
        """A template that is got, without what Google fills in, can be inserted under another name, and is otherwise equal."""
        copied = self.copy()
        first, second = (
            self.call("regionInstanceTemplates", "get", instanceTemplate=self.template(number)) for number in (1, copied)
        )
        differ = [key for key in {**first, **second} if first.get(key) != second.get(key) and key not in (*OUTPUT, "name")]
        if differ:
            raise Broken(f"they differ in {differ}")

    def tries_a_name_that_is_taken(self):
        """A template with a name that is taken is refused with 409."""
        body = self.call("regionInstanceTemplates", "get", instanceTemplate=self.template(1))
        self.refused("409", "regionInstanceTemplates", "insert", body={k: v for k, v in body.items() if k not in OUTPUT})

    def tries_a_template_in_use(self):
        """A template that a group launches cannot be deleted."""
        self.refused("resourceInUseByAnotherResource", "regionInstanceTemplates", "delete", instanceTemplate=self.template(1))

    def tries_an_old_fingerprint(self):
        """A patch with an old fingerprint is refused with 412."""
        old = self.group()["fingerprint"]
        self.versions(self.copied)
        body = {"fingerprint": old, "versions": [{"instanceTemplate": self.url(1)}]}
        self.refused("412", "regionInstanceGroupManagers", "patch", instanceGroupManager=self.prefix, body=body)
        self.versions(1)

    def tries_a_request_twice(self):
        """A patch with the same requestId is answered with the same operation."""
        request = {
            "instanceGroupManager": self.prefix, "requestId": self.token(),
            "body": {"fingerprint": self.group()["fingerprint"], "versions": [{"instanceTemplate": self.url(1)}]},
        }
        names = [self.call("regionInstanceGroupManagers", "patch", **request)["name"] for _ in range(2)]
        self.settle()
        if names[0] != names[1]:
            raise Broken(f"the operations are {names}")

    def tries_a_small_surge(self):
        """A regional group refuses a surge of one machine in several zones."""
        policy = {"maxSurge": {"fixed": 1}, "maxUnavailable": {"fixed": 0}}
        self.patch("refused_with_surge", updatePolicy=policy)

    def refused_with_surge(self, collection, method, **request):
        self.refused("maxSurge", collection, method, **request)

    def tries_recreate_with_a_surge(self):
        """Machines cannot be recreated under their names with a surge."""
        policy = {"replacementMethod": "RECREATE", "maxSurge": {"fixed": 3}}
        self.patch("refused_with_surge", updatePolicy=policy)

    def tries_kept_capacity(self):
        """A recreated machine gives its capacity up, and only a reservation keeps it."""
        raise Missing("It needs a zone without capacity.")

    def tries_an_empty_group(self):
        """An empty group reaches its versions at once."""
        self.versions(self.copy())
        self.settle()
        self.versions(1)

    def tries_a_canary(self):
        """With a second version of a fixed number, so many machines have it, also if the group has fewer zones than machines."""
        self.resize(3)
        self.new = self.copy()
        self.versions(1, self.new, 1)
        self.settle()
        if self.machines() != ["1", "1", str(self.new)]:
            raise Broken(f"the machines have {self.machines()}")

    def tries_to_freeze(self):
        """Setting the number to the machines that are new replaces no more of them."""
        self.versions(self.new, 1, 2)
        self.settle()
        if self.machines() != ["1", "1", str(self.new)]:
            raise Broken(f"the machines have {self.machines()}")

    def tries_to_go_on(self):
        """With one version, all machines get it."""
        self.versions(self.new)
        self.settle()
        if self.machines() != [str(self.new)] * 3:
            raise Broken(f"the machines have {self.machines()}")


if __name__ == "__main__":
    main(Gcp, __doc__, "--project", "--region", "--prefix", "--subnetwork")
