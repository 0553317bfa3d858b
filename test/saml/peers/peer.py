"""HTTP for peers written in Python: routes, forms that a browser sends on, and one line once a port is open.

A peer is told on standard input, as JSON: `url` of the other party's metadata, `key` and `certificate` (PEM). It answers with one
line on standard output, the port on 127.0.0.1, and ends with its standard input.
"""

import html
import json
import os
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

# Nothing but this machine is spoken to.
opener = build_opener(ProxyHandler({}))


def fetch(url, body=None, headers=None):
    """The text that an address answers with. Raises where its status is no success."""
    data = None if body is None else body.encode()
    with opener.open(Request(url, data, headers or {}), timeout=10) as answer:
        return answer.read().decode()


def soap_call(url, body):
    return fetch(url, body, {"content-type": "text/xml; charset=utf-8"})


class Call:
    """One request: `query` as it came, `form` with its fields, `body`, cookies by name."""

    def __init__(self, handler):
        parts = urlsplit(handler.path)
        self.path = parts.path
        self.query = parts.query
        self.parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        length = int(handler.headers.get("content-length") or 0)
        self.body = handler.rfile.read(length).decode()
        is_form = "urlencoded" in (handler.headers.get("content-type") or "")
        self.form = dict(parse_qsl(self.body, keep_blank_values=True)) if is_form else {}
        pairs = (part.strip().partition("=") for part in (handler.headers.get("cookie") or "").split(";"))
        self.cookies = {name: value for name, _, value in pairs}
        self.binding = "redirect" if handler.command == "GET" else "post"

    def json(self):
        return json.loads(self.body)

    def field(self, name):
        return (self.parameters if self.binding == "redirect" else self.form).get(name)


class Answer:
    """What a request is answered with."""

    def __init__(self, status, body="", content="text/html; charset=utf-8", **headers):
        self.status = status
        self.body = body
        self.headers = {"content-type": content, **{name.replace("_", "-"): value for name, value in headers.items()}}


def redirect(url):
    return Answer(302, location=url)


def as_json(value, status=200):
    return Answer(status, json.dumps(value), "application/json")


def page(action, fields, button="Continue", typed=""):
    """A page whose form leads on when its button is pressed."""
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in fields.items()
        if value is not None
    )
    form = f'<form method="post" action="{html.escape(action)}">{hidden}{typed}<button>{button}</button></form>'
    return Answer(200, f"<!doctype html><title>Peer</title>{form}")


def serve(create):
    """Serves what `create(settings)` makes: routes, each `(method, path)` to a function of a call."""
    # A line of its own: what follows it is only waited for, to its end.
    settings = json.loads(sys.stdin.readline())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # What cannot be known before there is a port.
    settings["base"] = f"http://127.0.0.1:{server.server_address[1]}"
    server.routes = create(settings)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    # Not by the interpreter's own way out: libraries in C are taken down in an order that they do not like.
    os._exit(0)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        call = Call(self)
        work = self.server.routes.get((self.command, call.path))
        try:
            answer = Answer(404) if work is None else work(call)
        except Exception as error:  # Whatever a library refuses with: the test wants its name.
            answer = as_json({"refused": type(error).__name__, "because": str(error)}, 403)
            if os.environ.get("PEER_TRACE"):
                traceback.print_exc()
        content = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET
