"""A cloud's registry and its metadata service, for one machine: a token for the machine's identity, and a registry that wants the
token. It knows Amazon ECR and Artifact Registry.

Usage: registry.py CERTIFICATE KEY LOG REGISTRY
"""

import base64
import gzip
import hashlib
import http.server
import io
import json
import ssl
import sys
import tarfile
import threading

ROLE = {"AccessKeyId": "ASIAEXAMPLEROLE00000", "SecretAccessKey": "secret", "Token": "session"}
IS_GOOGLE = sys.argv[4].endswith(".pkg.dev")
TOKEN = "ya29.password-of-the-registry"
PASSWORD = base64.b64encode(f"oauth2accesstoken:{TOKEN}".encode() if IS_GOOGLE else b"AWS:password-of-the-registry").decode()


def image():
    """A container image with one empty layer: its manifest, and its blobs by digest."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w"):
        pass
    layer = gzip.compress(archive.getvalue(), mtime=0)
    digest = lambda data: "sha256:" + hashlib.sha256(data).hexdigest()
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(archive.getvalue())]}}
    ).encode()
    describe = lambda data, kind: {"mediaType": f"application/vnd.oci.image.{kind}", "size": len(data), "digest": digest(data)}
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": describe(config, "config.v1+json"),
            "layers": [describe(layer, "layer.v1.tar+gzip")],
        }
    ).encode()
    return digest(manifest), manifest, {digest(config): config, digest(layer): layer}


DIGEST, MANIFEST, BLOBS = image()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        with open(sys.argv[3], "a") as log:
            log.write(f"{self.command} {self.headers.get('Host')} {self.path} {status}\n")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass

    def do_PUT(self):
        self.answer(200, b"token", X_aws_ec2_metadata_token_ttl_seconds="21600")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_machine = f"Credential={ROLE['AccessKeyId']}/" in self.headers.get("Authorization", "")
        if not is_machine or not self.headers.get("X-Amz-Target", "").endswith(".GetAuthorizationToken"):
            return self.answer(400, b'{"__type": "AccessDeniedException"}')
        data = {"authorizationToken": PASSWORD, "expiresAt": 4102444800, "proxyEndpoint": f"https://{sys.argv[4]}"}
        self.answer(200, json.dumps({"authorizationData": [data]}).encode(), Content_Type="application/x-amz-json-1.1")

    def do_GET(self):
        if self.path.startswith("/latest/"):
            return self.metadata()
        if self.path.startswith("/computeMetadata/"):
            return self.google_metadata()
        if self.headers.get("Authorization") != f"Basic {PASSWORD}":
            return self.answer(401, WWW_Authenticate='Basic realm="ecr"')
        name = self.path.rsplit("/", 1)[-1]
        if self.path.rstrip("/") == "/v2":
            return self.answer(200)
        if name == DIGEST:
            kind = "application/vnd.oci.image.manifest.v1+json"
            return self.answer(200, MANIFEST, Content_Type=kind, Docker_Content_Digest=DIGEST)
        if name in BLOBS:
            return self.answer(200, BLOBS[name], Content_Type="application/octet-stream")
        self.answer(404)

    do_HEAD = do_GET

    def metadata(self):
        if self.headers.get("X-aws-ec2-metadata-token") != "token":
            return self.answer(401)
        if self.path.rstrip("/").endswith("security-credentials"):
            return self.answer(200, b"example-build")
        if self.path.endswith("/example-build"):
            return self.answer(200, json.dumps({"Code": "Success", "Expiration": "2100-01-01T00:00:00Z", **ROLE}).encode())
        self.answer(404)

    def google_metadata(self):
        if self.headers.get("Metadata-Flavor") != "Google":
            return self.answer(403)
        if self.path != "/computeMetadata/v1/instance/service-accounts/default/token":
            return self.answer(404)
        self.answer(200, json.dumps({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}).encode())


with open("password", "w") as file:
    file.write(TOKEN if IS_GOOGLE else PASSWORD)
print(DIGEST, flush=True)
metadata = http.server.ThreadingHTTPServer(("169.254.169.254", 80), Handler)
threading.Thread(target=metadata.serve_forever, daemon=True).start()
registry = http.server.ThreadingHTTPServer(("127.0.0.2", 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
registry.socket = context.wrap_socket(registry.socket, server_side=True)
registry.serve_forever()
