"""What service providers written in Python have in common: sessions by cookie, and routes. A `Library` does what SAML is."""

import secrets

from peer import Answer, as_json, page, redirect


class Application:
    def __init__(self, library):
        self.library = library
        self.sessions = {}
        self.seen = []

    def routes(self):
        return {
            ("GET", "/metadata"): lambda call: Answer(200, self.library.metadata(), "application/samlmetadata+xml"),
            ("GET", "/login"): lambda call: lead(*self.library.begin_login(call.parameters["binding"])),
            ("POST", "/acs"): self.consume,
            ("GET", "/logout"): self.log_out,
            ("GET", "/slo"): self.single_logout,
            ("POST", "/slo"): self.single_logout,
            ("POST", "/soap"): self.soap,
            ("GET", "/state"): lambda call: as_json(
                {"seen": self.seen, "people": [each["name"] for each in self.sessions.values()]}
            ),
        }

    def consume(self, call):
        person, kept = self.library.end_login(call.form["SAMLResponse"])
        session = secrets.token_hex(8)
        self.sessions[session] = {**person, "kept": kept}
        answer = as_json({**person, "RelayState": call.form.get("RelayState")})
        answer.headers["set-cookie"] = f"peer={session}; Path=/"
        return answer

    def log_out(self, call):
        binding = call.parameters["binding"]
        session = self.sessions.pop(call.cookies["peer"])
        if binding == "soap":
            return as_json(self.library.soap_logout(session["kept"]))
        return lead(*self.library.begin_logout(session["kept"], binding))

    def single_logout(self, call):
        is_answer = call.field("SAMLResponse") is not None
        message = call.query if call.binding == "redirect" else call.form["SAMLResponse" if is_answer else "SAMLRequest"]
        if is_answer:
            described = self.library.end_logout(call.binding, message)
            self.seen.append({"message": "LogoutResponse", **described})
            return as_json(described)
        return lead(*self.take(call.binding, message, call.field("RelayState")))

    def soap(self, call):
        _, body = self.take("soap", call.body, None)
        return Answer(200, body, "text/xml; charset=utf-8")

    def take(self, binding, message, relay_state):
        described, answer = self.library.take_logout(binding, message, relay_state, self.find)
        self.seen.append({"message": "LogoutRequest", **described})
        for key, each in list(self.sessions.items()):
            if each["name"] == described["name"] and each["index"] in described["indexes"]:
                del self.sessions[key]
        return answer

    def find(self, name, indexes):
        return next((each["kept"] for each in self.sessions.values() if each["name"] == name and each["index"] in indexes), None)


def lead(url, fields):
    return redirect(url) if fields is None else page(url, fields)
