"""Calls of Arvados' own Python client, one JSON line in and one out: {"token", "path", "args"} -> {"value"} or {"status", "error"}.

Where the cluster is comes from ARVADOS_API_HOST, ARVADOS_API_TOKEN and ARVADOS_API_HOST_INSECURE, as for every Arvados
client; `token` is for a call in the name of another token.
"""

import json
import os
import sys

import arvados
import arvados.errors

clients = {}


def client_of(token):
    if token not in clients:
        if token is None:
            clients[token] = arvados.api("v1", cache=False, num_retries=0)
        else:
            host = os.environ["ARVADOS_API_HOST"]
            clients[token] = arvados.api("v1", host=host, token=token, insecure=True, cache=False, num_retries=0)
    return clients[token]


def call(token, path, args):
    resource, method = path.split(".")
    request = getattr(getattr(client_of(token), resource)(), method)(**args)
    return request.execute()


for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"value": call(asked["token"], asked["path"], asked["args"])}
    except arvados.errors.ApiError as error:
        answer = {"status": error.resp.status, "error": str(error)}
    except Exception as error:
        answer = {"status": 0, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
