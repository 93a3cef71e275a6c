#!/usr/bin/env bash
# The program that fetches the secrets of a group, with the machine's own identity. boot.sh starts it.
set -euo pipefail
. "$DIRECTORY/packer/scripts/lib.sh"

install_packages python3-minimal
if [ "$CLOUD" = aws ]; then install_packages python3-boto3; fi

write_file /usr/local/libexec/fleet-secrets 0755 <<'SCRIPT'
#!/usr/bin/python3
"""Fetches the secrets that /etc/fleet/secrets.json names, and writes them as systemd reads an EnvironmentFile: into memory only. The
variables of the environment are for tests."""

import base64
import json
import os
import sys
import time
import urllib.request

NAMES = os.environ.get("FLEET_SECRETS", "/etc/fleet/secrets.json")
WRITTEN = os.environ.get("FLEET_SECRETS_ENV", "/run/fleet/secrets.env")
ENDPOINT = os.environ.get("FLEET_ENDPOINT")
ATTEMPTS = int(os.environ.get("FLEET_ATTEMPTS", "20"))
# Neither the metadata service nor the clouds' APIs are reached through the proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def aws(region):
    import boto3
    from botocore.config import Config

    config = Config(proxies={}, connect_timeout=5, read_timeout=10)
    client = boto3.client("secretsmanager", region_name=region, endpoint_url=ENDPOINT, config=config)
    return lambda name: client.get_secret_value(SecretId=name)["SecretString"]


def gcp(project):
    metadata = "http://" + os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
    path = "/computeMetadata/v1/instance/service-accounts/default/token"
    request = urllib.request.Request(metadata + path, headers={"Metadata-Flavor": "Google"})
    token = json.load(DIRECT.open(request, timeout=10))["access_token"]
    secrets = f"{ENDPOINT or 'https://secretmanager.googleapis.com'}/v1/projects/{project}/secrets"

    def fetch(name):
        headers = {"Authorization": "Bearer " + token}
        request = urllib.request.Request(f"{secrets}/{name}/versions/latest:access", headers=headers)
        return base64.b64decode(json.load(DIRECT.open(request, timeout=10))["payload"]["data"]).decode()

    return fetch


def line(variable, value):
    if "\0" in value:
        raise ValueError(f"the secret for {variable} is not text")
    for character in '\\"$`':
        value = value.replace(character, "\\" + character)
    return f'{variable}="{value}"\n'


def fetch_all():
    with open(NAMES) as file:
        wanted = json.load(file)
    fetch = {"aws": aws, "gcp": gcp}[wanted["cloud"]](wanted["place"])
    values = {name: fetch(name) for name in {secret["name"] for secret in wanted["secrets"].values()}}
    lines = []
    for variable, secret in sorted(wanted["secrets"].items()):
        value = values[secret["name"]]
        if secret.get("key") is not None:
            try:
                value = json.loads(value)[secret["key"]]
            except (ValueError, KeyError, TypeError):
                # Nothing of the secret goes into the journal.
                raise LookupError(f"the secret {secret['name']} is not JSON with the key {secret['key']}") from None
        lines.append(line(variable, value if isinstance(value, str) else json.dumps(value)))
    return "".join(lines)


for attempt in range(1, ATTEMPTS + 1):
    try:
        text = fetch_all()
        break
    except Exception as error:  # Whatever it is, try again: a machine without its secrets is of no use.
        print(f"attempt {attempt} of {ATTEMPTS}: {type(error).__name__}: {error}", file=sys.stderr)
        time.sleep(min(attempt, 15) if attempt < ATTEMPTS else 0)
else:
    sys.exit(1)
os.makedirs(os.path.dirname(WRITTEN), mode=0o700, exist_ok=True)
with open(os.open(WRITTEN + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
    file.write(text)
os.replace(WRITTEN + ".new", WRITTEN)
SCRIPT
