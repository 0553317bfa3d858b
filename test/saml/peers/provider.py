"""What identity providers written in Python have in common: sign-in page, sessions by cookie, orders of a test.

What a library does is behind five methods of a `Library`: `metadata()`, `read_login`, `write_login`, `take_logout`, `begin_logout`
and `end_logout`. Everything that it has verified is in `seen`.
"""

import secrets

from peer import as_json, page, redirect


class Session:
    """A person who is signed in here, and what the library keeps of it."""

    def __init__(self, username):
        self.username = username
        self.id = secrets.token_hex(8)
        self.kept = None


class Provider:
    def __init__(self, settings, library):
        self.base = settings["base"]
        self.library = library
        self.sessions = {}
        self.orders = {}
        self.seen = []

    def routes(self):
        return {
            ("GET", "/metadata"): lambda call: self.metadata(),
            ("GET", "/sso"): self.sign_on,
            ("POST", "/sso"): self.sign_on,
            ("POST", "/sign-in"): self.sign_in,
            ("GET", "/slo"): self.single_logout,
            ("POST", "/slo"): self.single_logout,
            ("POST", "/soap"): self.soap,
            ("GET", "/sign-out"): self.sign_out,
            ("POST", "/sign-out"): self.sign_out_by_soap,
            ("POST", "/orders"): self.order,
            ("GET", "/state"): self.state,
        }

    def metadata(self):
        answer = as_json(None)
        answer.body = self.library.metadata()
        answer.headers["content-type"] = "application/samlmetadata+xml"
        return answer

    def state(self, call):
        sessions = self.sessions.values()
        indexes = {each.username: each.kept["index"] for each in sessions if each.kept is not None}
        return as_json({"seen": self.seen, "people": sorted(each.username for each in sessions), "indexes": indexes})

    def order(self, call):
        """How everything is written from now on; an empty object: as usual, and nothing was seen."""
        self.orders = call.json()
        if not self.orders:
            self.seen.clear()
            self.sessions.clear()
        return as_json({})

    def session_of(self, call):
        return self.sessions.get(call.cookies.get("peer"))

    def sign_on(self, call):
        message = call.query if call.binding == "redirect" else call.form["SAMLRequest"]
        relay_state = call.field("RelayState")
        request = self.library.read_login(call, message, relay_state)
        self.seen.append({"message": "AuthnRequest", "binding": call.binding, **request.described})
        session = self.session_of(call)
        if session is None and not request.is_passive or request.is_forced:
            fields = {"binding": call.binding, "message": message, "RelayState": relay_state}
            return page("/sign-in", fields, "Sign in", '<input name="username">')
        return self.answer(request, session)

    def sign_in(self, call):
        session = Session(call.form["username"])
        self.sessions[session.id] = session
        call.binding = call.form["binding"]
        message = call.form["message"]
        request = self.library.read_login(call, message, call.form.get("RelayState"))
        answer = self.answer(request, session)
        answer.headers["set-cookie"] = f"peer={session.id}; Path=/"
        return answer

    def answer(self, request, session):
        url, fields = self.library.write_login(request, session, self.orders)
        return page(url, fields)

    def sign_out(self, call):
        """The person signs out here: their application is told through the browser."""
        session = self.session_of(call)
        url, fields = self.library.begin_logout(session, call.parameters["binding"], self.orders)
        return redirect(url) if fields is None else page(url, fields)

    def sign_out_by_soap(self, call):
        """The same without a browser: of one person, or by the orders."""
        wanted = call.json()
        session = next(each for each in self.sessions.values() if each.username == wanted["username"])
        outcome = self.library.soap_logout(session, self.orders)
        return as_json(outcome)

    def single_logout(self, call):
        is_answer = call.field("SAMLResponse") is not None
        message = call.query if call.binding == "redirect" else call.form["SAMLResponse" if is_answer else "SAMLRequest"]
        if is_answer:
            described = self.library.end_logout(call, message)
            self.seen.append({"message": "LogoutResponse", "binding": call.binding, **described})
            return as_json(described)
        described, url, fields = self.library.take_logout(call, call.binding, message, self.find_and_end)
        self.seen.append({"message": "LogoutRequest", "binding": call.binding, **described})
        return redirect(url) if fields is None else page(url, fields)

    def soap(self, call):
        described, _, body = self.library.take_logout(call, "soap", call.body, self.find_and_end)
        self.seen.append({"message": "LogoutRequest", "binding": "soap", **described})
        answer = as_json(None)
        answer.body = body
        answer.headers["content-type"] = "text/xml; charset=utf-8"
        return answer

    def find_and_end(self, is_meant):
        """The session that a request means, which is over now; or nothing."""
        found = [each for each in self.sessions.values() if each.kept is not None and is_meant(each)]
        for each in found:
            del self.sessions[each.id]
        return found[0] if found else None
