"""What both sides made of pysaml2 need: its bindings, messages out of what carries them, signatures of queries."""

import os
import re
import tempfile
from urllib.parse import parse_qsl

from peer import fetch
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP
from saml2.sigver import verify_redirect_signature

BINDINGS = {"redirect": BINDING_HTTP_REDIRECT, "post": BINDING_HTTP_POST, "soap": BINDING_SOAP}


class Unsigned(Exception):
    pass


class Party:
    """Keys in files, as pysaml2 wants them, and the other party by its metadata as it is now."""

    def __init__(self, settings):
        self.settings = settings
        self.folder = tempfile.TemporaryDirectory(prefix="citizen-pysaml2-")
        self.key = self.write("peer.key", settings["key"])
        self.certificate = self.write("peer.crt", settings["certificate"])
        # What it takes a quarter of a second to make, until the metadata says something else.
        self.known = {}

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def party(self, kind, create):
        """What `create(path of the metadata)` has made of this metadata, whose signature and times do not matter."""
        text = fetch(self.settings["url"])
        key = (kind, re.sub(r'ID="[^"]*"|validUntil="[^"]*"|<ds:Signature .*?</ds:Signature>', "", text, flags=re.S))
        if key not in self.known:
            self.known[key] = create(self.write(f"other-{len(self.known)}.xml", text))
        return self.known[key]


def text_of(message, binding, name):
    """The message as it is encoded: in its query, or by itself."""
    return dict(parse_qsl(message))[name] if binding == "redirect" else message


def unwrapped(envelope):
    """The message in an envelope, letter by letter: pysaml2's own way writes it anew, so that no signature holds."""
    [message] = re.findall(r"<(?:\w+:)?Body>(.*)</(?:\w+:)?Body>", envelope, re.S)
    return message


def check_query(party, query, issuer):
    """The signature of a query, which pysaml2 leaves to the application to ask for."""
    fields = dict(parse_qsl(query, keep_blank_values=True))
    if "Signature" not in fields:
        raise Unsigned("no Signature")
    certificates = party.metadata.certs(issuer, "any", "signing")
    if not any(verify_redirect_signature(fields, party.sec.sec_backend, each) for each in certificates):
        raise Unsigned("the Signature is of nobody known")


def send(party, binding, message, kind, destination, relay_state):
    """Where a message goes: an address and a form, an address alone, or for SOAP an address and an envelope."""
    if binding == "soap":
        return destination, party.apply_binding(BINDING_SOAP, str(message), destination or "", sign=False)["data"]
    is_answer = kind == "SAMLResponse"
    info = party.apply_binding(BINDINGS[binding], str(message), destination, relay_state, is_answer, sign=True)
    if binding == "redirect":
        return dict(info["headers"])["Location"], None
    [value] = re.findall(rf'name="{kind}" value="([^"]*)"', info["data"])
    return destination, {kind: value, "RelayState": relay_state}


def read_logout_request(party, binding, message, address):
    """A LogoutRequest whose signature holds."""
    if binding == "soap":
        request = party.sec.correctly_signed_logout_request(unwrapped(message), must=True)
        if request.destination not in (None, address):
            raise ValueError(request.destination)
        return request
    request = party.parse_logout_request(text_of(message, binding, "SAMLRequest"), BINDINGS[binding]).message
    if binding == "redirect":
        check_query(party, message, request.issuer.text)
    elif request.signature is None:
        raise Unsigned("no Signature")
    return request


def read_logout_response(party, binding, message):
    """What a LogoutResponse says whose signature holds."""
    if binding == "soap":
        xml = unwrapped(message)
    else:
        xml = party.unravel(text_of(message, binding, "SAMLResponse"), BINDINGS[binding]).decode()
    response = party.sec.correctly_signed_logout_response(xml, must=binding != "redirect")
    if binding == "redirect":
        check_query(party, message, response.issuer.text)
    code = response.status.status_code
    inner = code.status_code.value if code.status_code is not None else None
    return {"status": code.value, "substatus": inner, "signature": None}
