"""Sends `ponder serve` what no client should send, while a good client checks that it is served as ever.

    python Samples/Serving/fuzz_serve.py .build/release/ponder [--seconds 600] [--model MODEL]

Starts a server with a key, and hostile clients beside it: malformed and cut requests, a gigabyte of body,
headers without an end, 500 connections that say nothing more, keys in the wrong header, streams that
nobody reads. The good client's answers must stay the same bytes (but for their id and time) and come within
--patience seconds; the server must be there at the end, with no text open and its memory bounded. Exits
with 1 where that is not so. With a program that was built with -sanitize=address or thread, what the
sanitizer says is an error too.
"""

import argparse
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

KEY = "sk-fuzz-secret"
PLACE = re.compile(r"http://127\.0\.0\.1:(\d+)")
BODY = {"prompt": "Q: 3 + 4 = ?\nA:", "max_tokens": 24, "temperature": 1, "seed": 7, "logprobs": 3}


def ask(port, timeout):
    """What the good client is answered, without what differs by request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request(
        "POST", "/v1/completions", json.dumps(BODY),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        return answer.status, body.decode()
    value = json.loads(body)
    return answer.status, json.dumps(value["choices"])


def bodies(chance):
    return chance.choice([
        json.dumps(BODY).encode(), b'{"prompt": ', b"[" * 5000, b'{"prompt": [1e400]}',
        b'{"prompt": [-1]}', b'{"prompt": "a", "n": 1000000}', b'{"messages": 5}', b"\xff\xfe\x00",
        json.dumps({**BODY, "stream": True, "max_tokens": 400}).encode(),
        json.dumps({"prompt": ["a"] * 2000}).encode(), b'{"a":' * 600 + b"1" + b"}" * 600,
    ])


def request(chance):
    body = bodies(chance)
    path = chance.choice([
        "/v1/completions", "/completion", "/v1/chat/completions", "/tokenize", "/detokenize",
        "/apply-template", "/slots", "/kv/a", "/" + "a" * 9000, "/%zz", "*", "http://b/v1/models",
    ])
    key = chance.choice([
        f"Authorization: Bearer {KEY}", f"Authorization: {KEY}", f"X-Key: {KEY}", f"Cookie: k={KEY}",
        f"Authorization: Basic {KEY}", "Authorization: Bearer wrong", "X: y",
    ])
    length = chance.choice([
        f"Content-Length: {len(body)}"] * 4 + [
        "Content-Length: 1073741824", "Content-Length: -1", "Content-Length: 1\r\nContent-Length: 2",
        "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Content-Length: 9" * 30,
    ])
    method = chance.choice(["POST", "POST", "POST", "GET", "PUT", "A" * 300, "POST\x00"])
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\n{key}\r\n{length}\r\n"
    if chance.random() < 0.1:
        head += "".join(f"H{i}: {'v' * 200}\r\n" for i in range(300))
    data = bytearray(head.encode("latin-1") + b"\r\n" + body)
    for _ in range(chance.choice([0, 0, 1, 2, 5])):
        place = chance.randrange(len(data))
        kind = chance.random()
        if kind < 0.4:
            data[place] = chance.randrange(256)
        elif kind < 0.7:
            del data[place:]
            break
        else:
            data[place:place] = bytes(chance.randrange(256) for _ in range(50))
    return bytes(data)


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    connection.settimeout(2)
    return connection


def attack(port, seed, until, counts):
    chance = random.Random(seed)
    held = []
    while time.time() < until:
        try:
            connection = connect(port)
            kind = chance.random()
            if kind < 0.02:
                # A gigabyte, until the server has enough.
                connection.sendall(
                    f"POST /tokenize HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n".encode())
                piece = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
                for _ in range(1024):
                    connection.sendall(piece)
            elif kind < 0.03:
                while True:
                    connection.sendall(b"a" * 65536)
            else:
                data = request(chance)
                for cut in range(0, len(data), chance.choice([1 << 20, 97, 5000])):
                    connection.sendall(data[cut:cut + 5000] if chance.random() < 0.9 else data[cut:])
                    if chance.random() < 0.01:
                        time.sleep(0.05)
                if chance.random() < 0.3:
                    connection.recv(4096)
            counts["sent"] += 1
            if chance.random() < 0.05 and len(held) < 20:
                held.append(connection)
            else:
                connection.close()
        except OSError:
            counts["refused"] += 1
        if len(held) == 20:
            held.pop(0).close()


def crowd(port, until):
    """Five hundred connections that begin a request, again and again."""
    while time.time() < until:
        connections = []
        for _ in range(500):
            try:
                connection = connect(port)
                connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: ")
                connections.append(connection)
            except OSError:
                pass
        time.sleep(2)
        for connection in connections:
            connection.close()
        time.sleep(1)


def memory(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
    except (OSError, StopIteration):
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ponder")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--model")
    parser.add_argument("--attackers", type=int, default=8)
    parser.add_argument("--patience", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.NamedTemporaryFile("w", suffix=".key") as key:
        key.write(KEY + "\n")
        key.flush()
        command = [asked.ponder, "serve", "--port", "0", "--api-key-file", key.name]
        if asked.model:
            command += ["--model", asked.model]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        said, port = [], None
        while port is None:
            line = server.stderr.readline()
            if not line:
                sys.exit("the server has not started: " + "".join(said))
            said.append(line)
            found = PLACE.search(line)
            port = int(found.group(1)) if found else None
        threading.Thread(target=lambda: said.extend(server.stderr), daemon=True).start()
        return check(asked, server, port, said)


def check(asked, server, port, said):
    expected = ask(port, asked.patience)
    if expected[0] != 200:
        sys.exit(f"the good client is not served: {expected}")
    until = time.time() + asked.seconds
    counts = {"sent": 0, "refused": 0}
    threads = [
        threading.Thread(target=attack, args=(port, asked.seed + i, until, counts), daemon=True)
        for i in range(asked.attackers)
    ] + [threading.Thread(target=crowd, args=(port, until), daemon=True)]
    for thread in threads:
        thread.start()
    faults, answers, slowest, most = [], 0, 0.0, memory(server.pid)
    while time.time() < until and server.poll() is None:
        began = time.time()
        try:
            answer = ask(port, asked.patience)
            if answer != expected:
                faults.append(f"another answer: {answer}")
        except Exception as error:
            faults.append(f"no answer: {error!r}")
        answers += 1
        slowest = max(slowest, time.time() - began)
        most = max(most, memory(server.pid))
        time.sleep(0.05)
    for thread in threads:
        thread.join(30)
    if server.poll() is None:
        try:
            if ask(port, asked.patience) != expected:
                faults.append("another answer at the end")
        except Exception as error:
            faults.append(f"no answer at the end: {error!r}")
        server.send_signal(signal.SIGINT)
    try:
        code = server.wait(60)
    except subprocess.TimeoutExpired:
        server.kill()
        code = "it did not end"
    if code != 130:
        faults.append(f"the server has ended with {code}")
    text = "".join(said)
    faults += [line for line in text.splitlines() if "Sanitizer" in line or "Fatal error" in line]
    if KEY in text:
        faults.append("the key is in what the server says")
    print(
        f"{counts['sent']} hostile requests, {counts['refused']} cut off by the server; "
        f"{answers} good ones, the slowest {slowest:.2f} s; at most {most:.0f} MB")
    for fault in faults[:20]:
        print("FAULT", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
