"""An IAM policy, and whether it allows what a build asks AWS for.

Follows AWS's Service Authorization Reference: the resources that each action needs, and the condition keys they have. It
knows only what the policy of a build uses; an unknown operator is an error.
"""

import fnmatch

KINDS = {
    "i": "instance",
    "vol": "volume",
    "ami": "image",
    "snap": "snapshot",
    "key": "key-pair",
    "eni": "network-interface",
    "subnet": "subnet",
    "sg": "security-group",
}
# Their ARNs have no account.
PUBLIC = ("image", "snapshot")


def listed(value):
    return value if isinstance(value, list) else [value]


def matches(pattern, text):
    # IAM knows only * and ?.
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


class Policy:
    def __init__(self, document):
        self.statements = document["Statement"]
        self.used = set()

    def allows(self, action, resource, context):
        for statement in self.statements:
            patterns = [pattern for pattern in listed(statement["Action"]) if matches(pattern, action)]
            if not patterns or not any(matches(to, resource) for to in listed(statement["Resource"])):
                continue
            if self.holds(statement.get("Condition", {}), context):
                self.used.update((statement["Sid"], pattern) for pattern in patterns)
                return True
        return False

    def holds(self, condition, context):
        for operator, wanted in condition.items():
            test = {
                "StringEquals": str.__eq__,
                "StringLike": matches,
                "ForAnyValue:StringEquals": str.__eq__,
                "BoolIfExists": str.__eq__,
            }[operator]
            for key, values in wanted.items():
                if operator.endswith("IfExists") and key not in context:
                    continue
                if not any(test(value, context.get(key, "")) for value in listed(values)):
                    return False
        return True

    def permissions(self):
        return {(statement["Sid"], action) for statement in self.statements for action in listed(statement["Action"])}


def arn(region, account, identifier):
    kind = KINDS[identifier.split("-")[0]]
    return f"arn:aws:ec2:{region}:{'' if kind in PUBLIC else account}:{kind}/{identifier}"


def tags_of(form, prefix):
    """The tags of a form: PREFIX.N.Key and PREFIX.N.Value."""
    keys = [key for key in form if key.startswith(prefix) and key.endswith(".Key")]
    return {form[key]: form.get(key[: -len("Key")] + "Value", "") for key in keys}


def demands_of_ec2(action, form, region, account, tags):
    """What a call of EC2 needs: (action, resource, context). `tags` gives the tags of a resource by its id."""

    def of(identifier):
        known = tags(identifier)
        context = {f"aws:ResourceTag/{key}": value for key, value in known.items()}
        return (f"ec2:{action}", arn(region, account, identifier), context)

    def requested(found):
        return {f"aws:RequestTag/{key}": value for key, value in found.items()}

    def everything(kind):
        return f"arn:aws:ec2:{region}:{'' if kind in PUBLIC else account}:{kind}/new"

    numbered = [value for key, value in form.items() if key.split(".")[0] in ("InstanceId", "ResourceId", "KeyPairId")]
    # Without a number, an id is the only one.
    ids = numbered + [form[key] for key in ("ImageId", "SnapshotId", "VolumeId") if key in form]
    match action:
        case "RunInstances":
            demands = [of(form["ImageId"])]
            demands += [of(value) for key, value in form.items() if "SubnetId" in key or "SecurityGroup" in key and value.startswith("sg-")]
            demands.append((f"ec2:{action}", f"arn:aws:ec2:{region}:{account}:key-pair/{form['KeyName']}", {}))
            demands.append((f"ec2:{action}", everything("network-interface"), {}))
            for number in range(1, 9):
                prefix = f"TagSpecification.{number}."
                if prefix + "ResourceType" in form:
                    kind, context = form[prefix + "ResourceType"], requested(tags_of(form, prefix + "Tag."))
                    demands.append(("ec2:CreateTags", everything(kind), context | {"ec2:CreateAction": action}))
                    if kind in ("instance", "volume"):
                        demands.append((f"ec2:{action}", everything(kind), context))
            role = f"arn:aws:iam::{account}:role/{form['IamInstanceProfile.Name']}"
            demands.append(("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"}))
            return demands
        case "CreateTags":
            context = requested(tags_of(form, "Tag."))
            return [(f"ec2:{action}", arn(region, account, identifier), context) for identifier in ids]
        case "CreateImage":
            return [of(form["InstanceId"]), *((f"ec2:{action}", everything(kind), {}) for kind in PUBLIC)]
        case "CopyImage":
            return [(f"ec2:{action}", everything("image"), {})]
        case "CreateKeyPair":
            demands = [(f"ec2:{action}", everything("key-pair"), {})]
            if "TagSpecification.1.ResourceType" in form:
                context = requested(tags_of(form, "TagSpecification.1.Tag."))
                demands.append(("ec2:CreateTags", everything("key-pair"), context | {"ec2:CreateAction": action}))
            return demands
        case "DeleteKeyPair":
            return [(f"ec2:{action}", f"arn:aws:ec2:{region}:{account}:key-pair/{form.get('KeyName', form.get('KeyPairId'))}", {})]
    if action.startswith("Describe"):
        return [(f"ec2:{action}", "*", {})]
    return [of(identifier) for identifier in ids] or [(f"ec2:{action}", "*", {})]
