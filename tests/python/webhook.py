"""Says whether a notice is signed as Standard Webhooks 1.0 has it: key, id, timestamp, body, signature as JSON in the argument."""

import base64
import hashlib
import hmac
import json
import sys

asked = json.loads(sys.argv[1])
key = base64.b64decode(asked["key"].removeprefix("whsec_"))
signed = f"{asked['id']}.{asked['timestamp']}.{asked['body']}".encode()
made = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
print("signed" if hmac.compare_digest(made, asked["signature"]) else f"not {made}")
