"""A person at a server that counts letters:  python3 letters.py [PORT]

Type a word and see how many letters it has; "salir" ends. A line that does not begin with "{" is
"action payload", and it is answered with one line.
"""

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000

with socket.create_connection(("127.0.0.1", port)) as server:
    answers = server.makefile("r", encoding="utf-8")
    while True:
        try:
            word = input("word> ").strip()
        except (EOFError, KeyboardInterrupt):
            word = "salir"
        if word == "":
            continue
        line = word if word == "salir" else f"letters {word}"
        server.sendall(f"{line}\n".encode())
        answer = answers.readline()
        if answer == "":
            sys.exit("the server has gone")
        print(answer, end="")
        if word == "salir":
            break
