"""Many tasks at once:  python3 many.py [--tasks 300] [--connections 12] [--port 9000] [ACTION PAYLOAD]

Opens several connections, sends each its share of the tasks without waiting for answers, and counts which
node answered how many. A balancer gives each connection to a node.
"""

import argparse
import json
import socket
import threading
import time
from collections import Counter

arguments = argparse.ArgumentParser()
arguments.add_argument("--tasks", type=int, default=300)
arguments.add_argument("--connections", type=int, default=12)
arguments.add_argument("--port", type=int, default=9000)
arguments.add_argument("action", nargs="?", default="upper")
arguments.add_argument("payload", nargs="?", default="hola")
given = arguments.parse_args()

states = Counter()  # "done" or "failed": how many
nodes = Counter()  # number of a node: how many it answered
guard = threading.Lock()


def payload_of(number):
    """20 and [1, 2] are JSON; a text gets the task's number."""
    try:
        return json.loads(given.payload)
    except ValueError:
        return f"{given.payload} {number}"


def send(numbers):
    with socket.create_connection(("127.0.0.1", given.port)) as server:
        requests = [{"id": "who", "op": "ping"}]
        requests += [{"id": n, "action": given.action, "payload": payload_of(n)} for n in numbers]
        text = "".join(json.dumps(one) + "\n" for one in requests).encode()
        # It reads while it sends: else both sides might wait for each other.
        threading.Thread(target=server.sendall, args=(text,)).start()
        lines = server.makefile("r", encoding="utf-8")
        answers = [json.loads(lines.readline()) for _ in requests]
    node = next(answer["data"]["node"] for answer in answers if answer["id"] == "who")
    with guard:
        nodes[node] += len(numbers)
        states.update(answer["status"] for answer in answers if answer["id"] != "who")


began = time.monotonic()
shares = [range(first, given.tasks, given.connections) for first in range(given.connections)]
threads = [threading.Thread(target=send, args=(share,)) for share in shares]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
took = time.monotonic() - began

print(f"{given.tasks} tasks in {took:.2f} s:", ", ".join(f"{n} {state}" for state, n in states.items()))
for node, count in sorted(nodes.items()):
    print(f"node {node} answered {count}")
