"""Secrets of AWS and of Google Cloud, on a machine that fetches them. Prints its port, and answers until it is ended."""

import base64
import http.server
import json

AWS = {"example/prod/database": json.dumps({"user": "web", "password": 'a"b\\c$d`e\nUser=root'})}
GCP = {"stream-key": "plain text"}


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["SecretId"]
        # As botocore signs it, for the region and the service.
        signed = "/ap-northeast-1/secretsmanager/aws4_request" in self.headers.get("Authorization", "")
        if self.headers["X-Amz-Target"] != "secretsmanager.GetSecretValue" or not signed or wanted not in AWS:
            return self.answer(400, {"__type": "ResourceNotFoundException", "Message": "no such secret"})
        return self.answer(200, {"Name": wanted, "SecretString": AWS[wanted]})

    def do_GET(self):
        if self.path == "/computeMetadata/v1/instance/service-accounts/default/token":
            known = self.headers.get("Metadata-Flavor") == "Google"
            return self.answer(200 if known else 403, {"access_token": "of-the-machine"})
        name = self.path.removeprefix("/v1/projects/example-fleet/secrets/").removesuffix("/versions/latest:access")
        if self.headers.get("Authorization") != "Bearer of-the-machine" or name not in GCP:
            return self.answer(404, {"error": {"code": 404}})
        return self.answer(200, {"payload": {"data": base64.b64encode(GCP[name].encode()).decode()}})

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
