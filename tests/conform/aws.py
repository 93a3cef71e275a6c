"""Tries on a real account what rollouts assume of AWS. `cargo xtask conform aws` runs it.

It makes a launch template, a group of at most two t4g.nano, and a parameter. All of them have the tag `fleetgen-conform`.
"""

import sys

import boto3
from botocore.exceptions import ClientError

from conform import Broken, Conform, Missing, main

TAG = "fleetgen-conform"
IMAGES = "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-arm64"
OVER = ("Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed")


class Aws(Conform):
    def __init__(self, arguments):
        super().__init__(arguments.prefix, arguments.poll)
        self.region, self.endpoint = arguments.region, arguments.endpoint
        session = boto3.Session(region_name=arguments.region)
        account = session.client("sts", endpoint_url=arguments.endpoint).get_caller_identity()["Account"]
        if account != arguments.account:
            sys.exit(f"the credentials are for the account {account}, not {arguments.account}; nothing was done")
        self.subnet = arguments.subnet
        self.group = self.template_name = self.prefix
        self.tags = [{"Key": TAG, "Value": self.prefix}]

    def connect(self):
        session = boto3.Session(region_name=self.region)
        services = ("autoscaling", "ec2", "ssm")
        self.clients = {name: session.client(name, endpoint_url=self.endpoint) for name in services}

    def call(self, service, operation, **request):
        try:
            answer = getattr(self.clients[service], operation)(**request)
        except ClientError as error:
            self.note(operation, request, error.response)
            raise
        self.note(operation, request, answer)
        return answer

    def refused(self, code, service, operation, **request):
        """Makes a request that must be refused with a code."""
        try:
            self.call(service, operation, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] == code:
                return
            raise
        raise Broken(f"{operation} was not refused with {code}")

    def set_up(self):
        self.image = self.call("ssm", "get_parameters", Names=[IMAGES])["Parameters"][0]["Value"]
        data = {"ImageId": self.image, "InstanceType": "t4g.nano"}
        tags = [{"ResourceType": "launch-template", "Tags": self.tags}]
        made = self.call(
            "ec2", "create_launch_template",
            LaunchTemplateName=self.template_name, LaunchTemplateData=data, TagSpecifications=tags,
        )
        self.template = made["LaunchTemplate"]["LaunchTemplateId"]
        self.call(
            "autoscaling", "create_auto_scaling_group",
            AutoScalingGroupName=self.group, MinSize=0, MaxSize=3, DesiredCapacity=0, VPCZoneIdentifier=self.subnet,
            MixedInstancesPolicy=self.policy("1"), DefaultInstanceWarmup=10,
            Tags=[{**tag, "PropagateAtLaunch": True} for tag in self.tags],
        )

    def clean(self):
        """Only what has both the name and the tag is ours."""
        own = {"Name": f"tag:{TAG}", "Values": [self.prefix]}
        for group in self.groups():
            if not any(tag["Key"] == TAG and tag["Value"] == self.prefix for tag in group["Tags"]):
                sys.exit(f"the group {self.group} does not have the tag {TAG}, so it is not ours; choose another prefix")
            self.call("autoscaling", "delete_auto_scaling_group", AutoScalingGroupName=self.group, ForceDelete=True)
            self.wait("the group is deleted", lambda: not self.groups())
        for template in self.call("ec2", "describe_launch_templates", Filters=[own])["LaunchTemplates"]:
            self.call("ec2", "delete_launch_template", LaunchTemplateId=template["LaunchTemplateId"])
        self.call("ssm", "delete_parameters", Names=[f"/{self.prefix}/image"])
        states = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
        self.wait("the machines are gone", lambda: not self.call("ec2", "describe_instances", Filters=[own, states])["Reservations"])

    # What is looked at.

    def groups(self):
        found = self.call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[self.group])
        return found["AutoScalingGroups"]

    def policy(self, version, **specification):
        template = {"LaunchTemplateId": self.template, "Version": version, **specification}
        return {
            "LaunchTemplate": {
                "LaunchTemplateSpecification": template,
                "Overrides": [{"InstanceType": "t4g.nano"}, {"InstanceType": "t4g.micro"}],
            },
            "InstancesDistribution": {"OnDemandBaseCapacity": 1, "OnDemandAllocationStrategy": "lowest-price"},
        }

    def launches(self):
        policy = self.groups()[0]["MixedInstancesPolicy"]
        return policy["LaunchTemplate"]["LaunchTemplateSpecification"]["Version"]

    def machines(self):
        """The versions of the machines that are in service, sorted."""
        machines = self.groups()[0]["Instances"]
        machines = [machine for machine in machines if machine["LifecycleState"] == "InService"]
        return sorted(machine["LaunchTemplate"]["Version"] for machine in machines)

    def version(self):
        """A new version, like the newest."""
        made = self.call(
            "ec2", "create_launch_template_version",
            LaunchTemplateId=self.template, SourceVersion="$Latest", LaunchTemplateData={"ImageId": self.image},
            ClientToken=self.token(),
        )
        return str(made["LaunchTemplateVersion"]["VersionNumber"])

    def refresh(self, policy, **preferences):
        started = self.call(
            "autoscaling", "start_instance_refresh",
            AutoScalingGroupName=self.group, DesiredConfiguration={"MixedInstancesPolicy": policy},
            Preferences={"SkipMatching": True, "MinHealthyPercentage": 50, "MaxHealthyPercentage": 100, **preferences},
        )
        return started["InstanceRefreshId"]

    def shown(self, refresh):
        found = self.call(
            "autoscaling", "describe_instance_refreshes", AutoScalingGroupName=self.group, InstanceRefreshIds=[refresh]
        )
        return found["InstanceRefreshes"][0]

    def ended(self, refresh):
        status = self.wait("the refresh ends", lambda: next(iter({self.shown(refresh)["Status"]} & set(OVER)), None))
        return status

    def scale(self, size):
        self.call("autoscaling", "update_auto_scaling_group", AutoScalingGroupName=self.group, DesiredCapacity=size)
        self.wait(f"{size} machines are in service", lambda: len(self.machines()) == size and len(self.groups()[0]["Instances"]) == size)

    # The assumptions.

    def tries_client_tokens(self):
        """CreateLaunchTemplateVersion with a token that it knows makes no second version."""
        request = {
            "LaunchTemplateId": self.template, "SourceVersion": "1", "LaunchTemplateData": {"ImageId": self.image},
            "ClientToken": self.token(),
        }
        numbers = [
            self.call("ec2", "create_launch_template_version", **request)["LaunchTemplateVersion"]["VersionNumber"]
            for _ in range(2)
        ]
        if numbers[0] != numbers[1]:
            raise Broken(f"it made {numbers}")

    def tries_when_tokens_expire(self):
        """A token is forgotten some time, so versions are looked up by their description first."""
        raise Missing("It takes a day or more.")

    def tries_a_dry_run(self):
        """RunInstances with DryRun answers DryRunOperation if it would run the version."""
        template = {"LaunchTemplateId": self.template, "Version": "1"}
        self.refused(
            "DryRunOperation", "ec2", "run_instances",
            LaunchTemplate=template, SubnetId=self.subnet.split(",")[0], MinCount=1, MaxCount=1, DryRun=True,
        )

    def tries_id_and_name(self):
        """A refresh whose template has both an id and a name is refused."""
        policy = self.policy("1", LaunchTemplateName=self.template_name)
        self.refused("ValidationError", "autoscaling", "start_instance_refresh", AutoScalingGroupName=self.group,
                     DesiredConfiguration={"MixedInstancesPolicy": policy})

    def tries_an_empty_group(self):
        """A refresh of an empty group succeeds, and the group then launches the new version."""
        to = self.version()
        status = self.ended(self.refresh(self.policy(to)))
        if (status, self.launches()) != ("Successful", to):
            raise Broken(f"it ended as {status}, and the group launches {self.launches()}, not {to}")

    def tries_part_of_a_policy(self):
        """A refresh that omits part of the policy resets that part, so fleetgen sends all of it."""
        policy = self.policy(self.version())
        del policy["InstancesDistribution"]
        self.ended(self.refresh(policy))
        after = self.groups()[0]["MixedInstancesPolicy"]["InstancesDistribution"]
        if after.get("OnDemandBaseCapacity") == 1:
            raise Broken("it keeps that part; sending all of it does no harm")
        return f"the distribution is {after}"

    def tries_to_set_an_empty_group(self):
        """UpdateAutoScalingGroup with the whole policy is enough to move an empty group."""
        to = self.version()
        self.call("autoscaling", "update_auto_scaling_group", AutoScalingGroupName=self.group,
                  MixedInstancesPolicy=self.policy(to))
        self.scale(1)
        machines = self.machines()
        self.scale(0)
        if machines != [to]:
            raise Broken(f"the next machine has the version {machines}, not {to}")

    def tries_the_order_of_refreshes(self):
        """DescribeInstanceRefreshes shows the newest first."""
        newest = self.refresh(self.policy(self.version()))
        self.ended(newest)
        found = self.call("autoscaling", "describe_instance_refreshes", AutoScalingGroupName=self.group)
        ids = [refresh["InstanceRefreshId"] for refresh in found["InstanceRefreshes"]]
        if ids[0] != newest:
            raise Broken(f"the newest is at place {ids.index(newest) + 1} of {len(ids)}")

    def tries_a_canary(self):
        """A refresh stops at its checkpoint, and cancelling it keeps the canary and the group's old version."""
        old, self.new = self.launches(), self.version()
        self.scale(2)
        refresh = self.refresh(self.policy(self.new), CheckpointPercentages=[50, 100], CheckpointDelay=172_800)
        both = sorted([old, self.new])
        self.wait("one machine is new", lambda: self.machines() == both and self.shown(refresh).get("PercentageComplete") == 50)
        self.call("autoscaling", "cancel_instance_refresh", AutoScalingGroupName=self.group)
        status = self.ended(refresh)
        if (status, self.launches(), self.machines()) != ("Cancelled", old, both):
            raise Broken(f"it ended as {status}; the group launches {self.launches()}, its machines have {self.machines()}")

    def tries_a_rollback_after_it(self):
        """A rollback may leave canaries of an earlier refresh that was cancelled, so fleetgen looks at every machine afterwards."""
        if len(set(self.machines())) != 2:
            raise Missing("There is no canary.")
        old = self.launches()
        refresh = self.refresh(self.policy(self.new))
        self.call("autoscaling", "rollback_instance_refresh", AutoScalingGroupName=self.group)
        status = self.ended(refresh)
        if status != "RollbackSuccessful":
            raise Broken(f"it ended as {status}")
        return f"the group launches {old}, and its machines have {self.machines()}"

    def tries_to_delete_the_default(self):
        """The default version of a template cannot be deleted, and one that a group launches can."""
        self.scale(0)
        answer = self.call("ec2", "delete_launch_template_versions", LaunchTemplateId=self.template, Versions=["1"])
        if answer.get("SuccessfullyDeletedLaunchTemplateVersions"):
            raise Broken("the default was deleted")
        launched = self.launches()
        answer = self.call("ec2", "delete_launch_template_versions", LaunchTemplateId=self.template, Versions=[launched])
        if not answer.get("SuccessfullyDeletedLaunchTemplateVersions"):
            raise Broken(f"AWS protects the version {launched}, which the group launches")

    def tries_an_image_parameter(self):
        """A parameter of the type aws:ec2:image can be read within a minute after it is written."""
        name = f"/{self.prefix}/image"
        self.call("ssm", "put_parameter", Name=name, Value=self.image, Type="String", DataType="aws:ec2:image", Tags=self.tags)
        self.wait("the parameter is there", lambda: self.call("ssm", "get_parameters", Names=[name])["Parameters"], minutes=1)


if __name__ == "__main__":
    main(Aws, __doc__, "--account", "--region", "--prefix", "--subnet")
