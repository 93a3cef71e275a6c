"""GitHub, AWS and the metadata service, for one runner. AWS checks signatures, and GitHub the token of the app.

Usage: world.py CERTIFICATE KEY ARCHIVE PUBLIC-KEY PRIVATE-KEY LOG
"""

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

CERTIFICATE, KEY, ARCHIVE, PUBLIC, PRIVATE, LOG = sys.argv[1:]
ROLE = {"AccessKeyId": "ASIAEXAMPLEROLE00000", "SecretAccessKey": "secret/of+the=role", "Token": "session-of-the-role"}
INSTANCE = "i-0123456789abcdef0"
SECRET = {"SecretId": "example/github-app"}


def is_signed(handler, body):
    """Whether the request has a signature of the role: AWS's "Signature Version 4"."""
    fields = dict(part.strip().split("=", 1) for part in handler.headers["Authorization"].split(" ", 1)[1].split(","))
    identity, date, region, service, _ = fields["Credential"].split("/")
    names = fields["SignedHeaders"].split(";")
    headers = "".join(f"{name}:{' '.join(handler.headers[name].split())}\n" for name in names)
    request = [handler.command, handler.path, "", headers, ";".join(names), hashlib.sha256(body).hexdigest()]
    scope = f"{date}/{region}/{service}/aws4_request"
    digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["X-Amz-Date"], scope, digest])
    key = ("AWS4" + ROLE["SecretAccessKey"]).encode()
    for part in [date, region, service, "aws4_request"]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return (
        identity == ROLE["AccessKeyId"]
        and handler.headers["X-Amz-Security-Token"] == ROLE["Token"]
        and handler.headers["Host"] == f"{service}.{region}.amazonaws.com"
        and signature == fields["Signature"]
        and all(name.lower() in names for name in handler.headers if name.lower().startswith("x-amz-"))
    )


def is_app(token):
    """Whether a token is the app's, for at most ten minutes: GitHub's "Generating a JSON Web Token for a GitHub App"."""
    signed, _, signature = token.rpartition(".")
    decode = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    claims = json.loads(decode(signed.split(".")[1]))
    with tempfile.NamedTemporaryFile() as file:
        file.write(decode(signature))
        file.flush()
        verify = ["openssl", "dgst", "-sha256", "-verify", PUBLIC, "-signature", file.name]
        verified = subprocess.run(verify, input=signed.encode(), capture_output=True).returncode == 0
    return verified and claims["iss"] == "Iv23liExample" and claims["iat"] <= time.time() < claims["exp"] <= time.time() + 600


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        with open(LOG, "a") as log:
            log.write(f"{self.command} {self.headers['Host']} {self.path} {status} {getattr(self, 'asked', '')}\n")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

    def do_PUT(self):
        self.answer(200, b"token", X_aws_ec2_metadata_token_ttl_seconds="60")

    def do_GET(self):
        host, path = self.headers["Host"], self.path
        if host == "169.254.169.254":
            if self.headers["X-aws-ec2-metadata-token"] != "token":
                return self.answer(401)
            known = {"instance-id": INSTANCE, "iam/security-credentials/": "example-runner", "iam/security-credentials/example-runner": ROLE}
            found = known.get(path.removeprefix("/latest/meta-data/"))
            return self.answer(404) if found is None else self.answer(200, found if isinstance(found, dict) else found.encode())
        if host == "github.com" and path.startswith("/actions/runner/releases/download/v"):
            with open(ARCHIVE, "rb") as file:
                return self.answer(200, file.read())
        if host == "api.github.com" and path == "/repos/example/fleet/installation" and is_app(self.bearer()):
            return self.answer(200, {"id": 4711})
        self.answer(403)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        host, path, self.asked = self.headers["Host"], self.path, body.decode()
        if host.endswith(".amazonaws.com"):
            if not is_signed(self, body):
                return self.answer(403)
            if host.startswith("autoscaling."):
                call = dict(urllib.parse.parse_qsl(body.decode()))
                good = call == {
                    "Action": "TerminateInstanceInAutoScalingGroup",
                    "InstanceId": INSTANCE,
                    "ShouldDecrementDesiredCapacity": "true",
                    "Version": "2011-01-01",
                }
                return self.answer(200 if good else 400)
            if self.headers["X-Amz-Target"] == "secretsmanager.GetSecretValue" and json.loads(body) == SECRET:
                with open(PRIVATE) as file:
                    return self.answer(200, {"SecretString": file.read()})
            return self.answer(400)
        wanted = json.loads(body)
        if path == "/app/installations/4711/access_tokens" and is_app(self.bearer()):
            good = wanted == {"repositories": ["fleet"], "permissions": {"administration": "write"}}
            return self.answer(201 if good else 422, {"token": "token-of-the-installation"})
        if path == "/repos/example/fleet/actions/runners/generate-jitconfig" and self.bearer() == "token-of-the-installation":
            good = wanted == {
                "name": f"example-runner-{INSTANCE}",
                "runner_group_id": 1,
                "labels": ["example-runner"],
                "work_folder": "_work",
            }
            return self.answer(201 if good else 422, {"encoded_jit_config": "configuration-of-the-runner"})
        self.answer(403)

    def do_DELETE(self):
        good = self.path == "/installation/token" and self.bearer() == "token-of-the-installation"
        self.answer(204 if good else 403)

    def bearer(self):
        return self.headers["Authorization"].removeprefix("Bearer ")


metadata = http.server.ThreadingHTTPServer(("169.254.169.254", 80), Handler)
threading.Thread(target=metadata.serve_forever, daemon=True).start()
others = http.server.ThreadingHTTPServer(("127.0.0.3", 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
others.socket = context.wrap_socket(others.socket, server_side=True)
others.serve_forever()
