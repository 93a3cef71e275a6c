"""Rolls a group of each cloud out with boto3 and Google's client for Python, as the clouds' documentation says.

Usage: independent.py URL MOTO, the simulated clouds and a moto. What moto implements is asked of both, and their answers must have the
same fields of the same kinds. Prints what it saw, and fails if that is not what the clouds' documentation says.
"""

import sys
import urllib.request
from datetime import datetime, timedelta

import boto3
import googleapiclient.discovery
import httplib2
from botocore.config import Config
from botocore.exceptions import ClientError
from google.auth.credentials import AnonymousCredentials

GROUP = "example-stg-stg-web"
REGION = "ap-northeast-1"
PROJECT, GCP_REGION, MANAGER = "example-fleet", "asia-northeast1", "example-stg-stg-search"


def aws(service, url):
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, REGION, endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test", config=config)


class World:
    def __init__(self, url):
        self.url = url

    def ask(self, what, body=None):
        with urllib.request.urlopen(f"{self.url}/_world/{what}", body.encode() if body else None) as answer:
            return answer.read().decode()

    def wait(self, minutes):
        now = datetime.fromisoformat(self.ask("time").strip())
        self.ask("time", (now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ"))


def kind(value):
    """The fields of an answer, with the kinds of their values. An empty list says nothing of its items."""
    if isinstance(value, dict):
        return {key: kind(item) for key, item in value.items() if item not in ({}, [])}
    if isinstance(value, list):
        return [kind(value[0])]
    return type(value).__name__


def differences(ours, theirs, where):
    """Where our answer has what theirs has, but of another kind, and fields that theirs lacks."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs:
                yield from differences(value, theirs[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is not in moto's answer"
    elif isinstance(ours, list) and isinstance(theirs, list):
        yield from differences(ours[0], theirs[0], f"{where}[]")
    elif ours != theirs:
        yield f"{where} is {ours}, and in moto's answer {theirs}"


# What AWS's reference has, and moto leaves out.
NOT_IN_MOTO = {
    "DescribeAutoScalingGroups.AutoScalingGroups[].TrafficSources",
    "DescribeLaunchTemplateVersions.LaunchTemplateVersions[].VersionDescription",
}


def same_as_moto(url, moto):
    ours, theirs = aws("autoscaling", url), aws("autoscaling", moto)
    ec2 = aws("ec2", moto)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    mapping = [{"DeviceName": "/dev/sda1", "Ebs": {"Encrypted": True, "VolumeSize": 20, "VolumeType": "gp3"}}]
    data = {"ImageId": image, "InstanceType": "m7g.large", "BlockDeviceMappings": mapping}
    template = ec2.create_launch_template(LaunchTemplateName="web", VersionDescription="first", LaunchTemplateData=data)["LaunchTemplate"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    elb = aws("elbv2", moto)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    targets = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
            "Overrides": [{"InstanceType": "m7g.large"}],
        },
        "InstancesDistribution": {
            "OnDemandAllocationStrategy": "prioritized",
            "OnDemandBaseCapacity": 0,
            "OnDemandPercentageAboveBaseCapacity": 100,
            "SpotAllocationStrategy": "price-capacity-optimized",
        },
    }
    theirs.create_auto_scaling_group(
        AutoScalingGroupName="web", MinSize=1, MaxSize=2, DesiredCapacity=1, MixedInstancesPolicy=policy, VPCZoneIdentifier=subnet,
        TargetGroupARNs=[targets],
    )  # fmt: skip
    ours_id = template_of(ours.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"][0])[0]
    answers = {
        "DescribeAutoScalingGroups": (
            ours.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP]),
            theirs.describe_auto_scaling_groups(AutoScalingGroupNames=["web"]),
        ),
        "DescribeLaunchTemplateVersions": (
            aws("ec2", url).describe_launch_template_versions(LaunchTemplateId=ours_id),
            ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"]),
        ),
        "GetCallerIdentity": (aws("sts", url).get_caller_identity(), aws("sts", moto).get_caller_identity()),
    }
    found = []
    for operation, pair in answers.items():
        mine, other = ({key: value for key, value in answer.items() if key != "ResponseMetadata"} for answer in pair)
        found += [difference for difference in differences(kind(mine), kind(other), operation) if difference.split(" is ")[0] not in NOT_IN_MOTO]
    assert not found, "\n".join(found)
    # Errors, too: what does not exist has the same code.
    for client in (aws("ec2", url), ec2):
        try:
            client.describe_images(ImageIds=["ami-00000000000000000"])
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidAMIID.NotFound", error
        else:
            raise AssertionError("an image that does not exist was shown")
    print(f"{len(answers) + 1} answers are like moto's")


def template_of(group):
    specification = group["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    return specification["LaunchTemplateId"], specification["Version"]


def roll_out_on_aws(world, image):
    scaling, ec2 = aws("autoscaling", world.url), aws("ec2", world.url)

    def group():
        return scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"][0]

    def refresh():
        return scaling.describe_instance_refreshes(AutoScalingGroupName=GROUP)["InstanceRefreshes"][0]

    before = group()
    template, version = template_of(before)
    made = ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion=version, LaunchTemplateData={"ImageId": image}, ClientToken="independent"
    )["LaunchTemplateVersion"]["VersionNumber"]
    policy = before["MixedInstancesPolicy"]
    specification = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
    wanted = {"AutoScalingGroupName": GROUP, "DesiredConfiguration": {"MixedInstancesPolicy": policy}}
    preferences = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 134, "SkipMatching": True}
    specification["Version"] = str(made)
    # Both the id and the name of a template are refused.
    try:
        scaling.start_instance_refresh(**wanted, Preferences=preferences)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ValidationError", error
    else:
        raise AssertionError("AWS takes either the id or the name of a template")
    del specification["LaunchTemplateName"]
    canary = preferences | {"CheckpointPercentages": [34, 100], "CheckpointDelay": 172800}
    scaling.start_instance_refresh(**wanted, Preferences=canary)
    try:
        scaling.start_instance_refresh(**wanted, Preferences=preferences)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "InstanceRefreshInProgress", error
    world.wait(30)
    versions = sorted(one["LaunchTemplate"]["Version"] for one in group()["Instances"])
    assert versions.count(str(made)) == 1 and refresh()["Status"] == "InProgress", (versions, refresh())
    # What the group launches is saved only when a refresh succeeds.
    assert template_of(group())[1] == version
    scaling.cancel_instance_refresh(AutoScalingGroupName=GROUP)
    world.wait(1)
    assert refresh()["Status"] == "Cancelled"
    scaling.start_instance_refresh(**wanted, Preferences=preferences)
    world.wait(30)
    assert refresh()["Status"] == "Successful", refresh()
    assert template_of(group())[1] == str(made)
    assert {one["LaunchTemplate"]["Version"] for one in group()["Instances"]} == {str(made)}
    health = aws("elbv2", world.url).describe_target_health(TargetGroupArn=group()["TargetGroupARNs"][0])
    assert {target["TargetHealth"]["State"] for target in health["TargetHealthDescriptions"]} == {"healthy"}
    print("AWS: a canary, and then all machines")


def roll_out_on_google_cloud(world, image):
    http = httplib2.Http()
    compute = googleapiclient.discovery.build(
        "compute", "v1", credentials=AnonymousCredentials(), client_options={"api_endpoint": f"{world.url}/compute/v1/"}, static_discovery=True
    )
    at = {"project": PROJECT, "region": GCP_REGION}
    managers, templates = compute.regionInstanceGroupManagers(), compute.regionInstanceTemplates()

    def manager():
        return managers.get(**at, instanceGroupManager=MANAGER).execute(http=http)

    def done(operation):
        for _ in range(5):
            if operation["status"] == "DONE":
                return
            operation = compute.regionOperations().get(**at, operation=operation["name"]).execute(http=http)
        raise AssertionError(f"it never ends: {operation}")

    def machines():
        request, found = managers.listManagedInstances(**at, instanceGroupManager=MANAGER), []
        while request is not None:
            answer = request.execute(http=http)
            found += answer.get("managedInstances", [])
            request = managers.listManagedInstances_next(request, answer)
        return found

    old = manager()["versions"][0]["instanceTemplate"].rsplit("/", 1)[1]
    template = templates.get(**at, instanceTemplate=old).execute(http=http)
    properties = template["properties"]
    properties["disks"][0]["initializeParams"]["sourceImage"] = image
    body = {"name": f"{MANAGER}-independent", "description": "independent", "properties": properties}
    request = "3f1c9a3e-6f43-4b3c-9f59-1a2b3c4d5e6f"
    first = templates.insert(**at, body=body, requestId=request).execute(http=http)
    # A request with the same id is the same operation.
    assert templates.insert(**at, body=body, requestId=request).execute(http=http)["name"] == first["name"]
    done(first)
    path = "projects/{project}/regions/{region}/instanceTemplates/".format(**at)
    versions = [{"name": "old", "instanceTemplate": path + old}, {"name": "new", "instanceTemplate": path + body["name"], "targetSize": {"fixed": 1}}]
    try:
        managers.patch(**at, instanceGroupManager=MANAGER, body={"fingerprint": "AAAAAAAA", "versions": versions}).execute(http=http)
    except googleapiclient.errors.HttpError as error:
        assert error.resp.status == 412, error
    else:
        raise AssertionError("an old fingerprint was taken")
    done(managers.patch(**at, instanceGroupManager=MANAGER, body={"fingerprint": manager()["fingerprint"], "versions": versions}).execute(http=http))
    world.wait(30)
    names = [machine["version"]["instanceTemplate"].rsplit("/", 1)[1] for machine in machines() if machine["version"]]
    assert names.count(body["name"]) == 1, names
    done(managers.patch(**at, instanceGroupManager=MANAGER, body={"fingerprint": manager()["fingerprint"], "versions": [{"instanceTemplate": path + body["name"]}]}).execute(http=http))
    world.wait(60)
    assert {machine["version"]["instanceTemplate"].rsplit("/", 1)[1] for machine in machines()} == {body["name"]}
    assert all(machine["instanceHealth"][0]["detailedHealthState"] == "HEALTHY" for machine in machines())
    try:
        templates.delete(**at, instanceTemplate=body["name"]).execute(http=http)
    except googleapiclient.errors.HttpError as error:
        assert error.resp.status == 400, error
    else:
        raise AssertionError("a template in use was deleted")
    print("Google Cloud: one machine, and then all")


def main():
    url, moto, image, gcp_image = sys.argv[1:]
    world = World(url)
    same_as_moto(url, moto)
    roll_out_on_aws(world, image)
    roll_out_on_google_cloud(world, gcp_image)


if __name__ == "__main__":
    main()
