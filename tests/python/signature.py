"""Signs a request that was received once more, as others sign it, and prints the signature.

The request is JSON in the one argument: key, method, url, headers, body (hex), and for AWS id, region and service.
"""

import hashlib
import hmac
import json
import sys

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

asked = json.loads(sys.argv[1])
body = bytes.fromhex(asked["body"])

if "service" not in asked:
    signed = asked["before"].encode() + body
    print(hmac.new(asked["key"].encode(), signed, hashlib.sha256).hexdigest())
    sys.exit()

headers = {name.lower(): value for name, value in asked["headers"]}
assert headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest(), "the body's digest"
names = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
request = AWSRequest(method=asked["method"], url=asked["url"], data=body)
for name in names:
    request.headers[name] = headers[name]
request.context["timestamp"] = headers["x-amz-date"]
kind = S3SigV4Auth if asked["service"] == "s3" else SigV4Auth
signer = kind(Credentials(asked["id"], asked["key"]), asked["service"], asked["region"])
signed = signer.string_to_sign(request, signer.canonical_request(request))
print(signer.signature(signed, request))
