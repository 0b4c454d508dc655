"""What a process of Airflow's own reads, one JSON line in and one out, {"error": TEXT} where it failed; what else it prints goes to stderr.

    {"variable": KEY}             -> {"value": TEXT or null}
    {"connection": ID}            -> {"value": {"login", "password", "host", "extra"}}
    {"set": [KEY, VALUE]}         -> a variable in Airflow's database
    {"environment": [KEY, VALUE]} -> a variable in this process's environment; null takes it out
    {"watch": KEY}                -> reads it again and again
    {"watched": null}             -> ends that: {"value": {"reads", "seen": [DISTINCT, ...], "failures": [...]}}
"""

import json
import os
import sys
import threading

answers, sys.stdout = sys.stdout, sys.stderr

from airflow.models import Variable  # noqa: E402
from airflow.models.connection import Connection  # noqa: E402


def variable(key):
    return Variable.get(key, default_var=None)


def connection(conn_id):
    found = Connection.get_connection_from_secrets(conn_id)
    return {"login": found.login, "password": found.password, "host": found.host, "extra": found.extra_dejson}


def environment(entry):
    key, value = entry
    if value is None:
        os.environ.pop(key, None)
    else:
        os.environ[key] = value


class Watch(threading.Thread):
    def __init__(self, key):
        super().__init__(daemon=True)
        self.key, self.ending = key, threading.Event()
        self.reads, self.seen, self.failures = 0, [], []
        self.start()

    def run(self):
        while not self.ending.is_set():
            try:
                value = Variable.get(self.key)
                if value not in self.seen:
                    self.seen.append(value)
            except Exception as error:
                self.failures.append(f"{type(error).__name__}: {error}"[:200])
            self.reads += 1

    def result(self):
        self.ending.set()
        self.join()
        return {"reads": self.reads, "seen": self.seen, "failures": self.failures[:5]}


watch = None


def begin(key):
    global watch
    watch = Watch(key)


CALLS = {
    "variable": variable,
    "connection": connection,
    "set": lambda entry: Variable.set(*entry),
    "environment": environment,
    "watch": begin,
    "watched": lambda _: watch.result(),
}

for line in sys.stdin:
    ((name, argument),) = json.loads(line).items()
    try:
        answer = {"value": CALLS[name](argument)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"[:500]}
    print(json.dumps(answer), file=answers, flush=True)
