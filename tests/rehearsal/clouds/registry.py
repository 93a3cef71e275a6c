"""A registry with one artifact: the database of Trivy, under any name and tag.

Usage: registry.py SETTINGS, a JSON file with `address` ("HOST:PORT") and `database`, a folder with db/trivy.db.
"""

import hashlib
import io
import json
import sys
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def blob(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}", content


def layer(database):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("trivy.db", "metadata.json"):
            archive.add(database / "db" / name, name)
    return packed.getvalue()


def main():
    settings = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    blobs = dict([blob(b"{}"), blob(layer(Path(settings["database"])))])
    kinds = ["application/vnd.aquasec.trivy.config.v1+json", "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"]
    config, database = (
        {"mediaType": kind, "digest": digest, "size": len(content)}
        for kind, (digest, content) in zip(kinds, blobs.items(), strict=True)
    )
    database["annotations"] = {"org.opencontainers.image.title": "db.tar.gz"}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [database]}
    manifest = json.dumps(manifest).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            last = self.path.rsplit("/", 1)[-1]
            if "/manifests/" in self.path:
                self.answer(200, MANIFEST, manifest)
            elif last in blobs:
                self.answer(200, "application/octet-stream", blobs[last])
            else:
                self.answer(200 if self.path == "/v2/" else 404, "application/json", b"{}")

        do_HEAD = do_GET

        def answer(self, code, kind, body):
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", blob(body)[0])
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    host, port = settings["address"].split(":")
    ThreadingHTTPServer((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
