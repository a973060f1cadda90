"""Tasks as JSON, one a line:  python3 lines.py [PORT] < tasks.txt

Reads lines such as "upper hola" or "fib 20", sends all of them at once as JSON, and prints each answer as
it comes. Answers come in any order: the "id" says which request each one belongs to.
"""

import json
import socket
import sys
import threading


def request(number, line):
    action, _, rest = line.strip().partition(" ")
    try:
        payload = json.loads(rest)  # 20, [1, 2, 3], {"a": 1}
    except ValueError:
        payload = rest  # a text
    return {"id": number, "action": action, "payload": payload}


port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
requests = [request(number, line) for number, line in enumerate(sys.stdin, start=1)]

with socket.create_connection(("127.0.0.1", port)) as server:
    text = "".join(json.dumps(one) + "\n" for one in requests).encode()
    # It reads while it sends: else both sides might wait for each other.
    threading.Thread(target=server.sendall, args=(text,)).start()
    answers = server.makefile("r", encoding="utf-8")
    for _ in requests:
        answer = answers.readline()
        if answer == "":
            sys.exit("the server has gone")
        print(answer, end="", flush=True)
