"""An identity provider made of pysaml2 (Debian: python3-pysaml2). It signs and verifies XML by the program xmlsec1."""

import os
import re
import tempfile
from urllib.parse import parse_qsl

from peer import fetch, serve, soap_call
from provider import Provider
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP, saml, samlp
from saml2.assertion import Policy
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.s_utils import error_status_factory
from saml2.server import Server
from saml2.sigver import verify_redirect_signature
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256

BINDINGS = {"redirect": BINDING_HTTP_REDIRECT, "post": BINDING_HTTP_POST, "soap": BINDING_SOAP}


class Unsigned(Exception):
    pass


class Login:
    def __init__(self, request, issuer):
        self.message = request
        self.is_passive = request.is_passive == "true"
        self.is_forced = request.force_authn == "true"
        self.described = {"issuer": issuer, "signature": None}


class Library:
    def __init__(self, settings):
        self.settings = settings
        self.folder = tempfile.TemporaryDirectory(prefix="citizen-pysaml2-")
        self.key = self.write("peer.key", settings["key"])
        self.certificate = self.write("peer.crt", settings["certificate"])
        self.names = {}
        # What it takes a quarter of a second to make, until the metadata says something else.
        self.servers = {}

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def config(self, must_be_signed=True, **more):
        base = self.settings["base"]
        service = {
            "endpoints": {
                "single_sign_on_service": [(f"{base}/sso", BINDINGS[name]) for name in ("redirect", "post")],
                "single_logout_service": [
                    (f"{base}/slo", BINDING_HTTP_REDIRECT),
                    (f"{base}/slo", BINDING_HTTP_POST),
                    (f"{base}/soap", BINDING_SOAP),
                ],
            },
            # SHA-1 unless said; and said elsewhere than here it is not heard.
            "signing_algorithm": SIG_RSA_SHA256,
            "digest_algorithm": DIGEST_SHA256,
            "want_authn_requests_signed": must_be_signed,
            "name_id_format": [saml.NAMEID_FORMAT_PERSISTENT],
            "policy": {"default": {"lifetime": {"minutes": 1}, "attribute_restrictions": None}},
        }
        return IdPConfig().load(
            {
                "entityid": f"{base}/metadata",
                "xmlsec_binary": "/usr/bin/xmlsec1",
                "key_file": self.key,
                "cert_file": self.certificate,
                "service": {"idp": service},
                **more,
            }
        )

    def metadata(self):
        return str(entity_descriptor(self.config()))

    def server(self, binding="post"):
        """pysaml2 with the application's metadata as it is now. By redirect the XML is not what is signed."""
        text = fetch(self.settings["url"])
        known = re.sub(r'ID="[^"]*"|validUntil="[^"]*"|<ds:Signature .*?</ds:Signature>', "", text)
        key = (known, binding != "redirect")
        if key not in self.servers:
            path = self.write(f"application-{len(self.servers)}.xml", text)
            self.servers[key] = Server(config=self.config(binding != "redirect", metadata={"local": [path]}))
        return self.servers[key]

    def check_query(self, server, query, issuer):
        """The signature of a query, which pysaml2 leaves to the application to ask for."""
        fields = dict(parse_qsl(query, keep_blank_values=True))
        if "Signature" not in fields:
            raise Unsigned("no Signature")
        certificates = server.metadata.certs(issuer, "any", "signing")
        if not any(verify_redirect_signature(fields, server.sec.sec_backend, each) for each in certificates):
            raise Unsigned("the Signature is of nobody known")

    def read_login(self, call, message, relay_state):
        server = self.server(call.binding)
        text = text_of(message, call.binding, "SAMLRequest")
        request = server.parse_authn_request(text, BINDINGS[call.binding]).message
        issuer = request.issuer.text
        if call.binding == "redirect":
            self.check_query(server, message, issuer)
        login = Login(request, issuer)
        login.server = server
        login.relay_state = relay_state
        return login

    def write_login(self, request, session, orders):
        server = request.server
        told = server.response_args(request.message, [BINDING_HTTP_POST])
        if session is None:
            wrong = (samlp.STATUS_NO_PASSIVE, "nobody is signed in")
            response = server.create_error_response(told["in_response_to"], told["destination"], wrong, sign=True)
        else:
            response = self.write_success(server, told, session, orders)
        info = server.apply_binding(BINDING_HTTP_POST, str(response), told["destination"], response=True)
        [value] = re.findall(r'name="SAMLResponse" value="([^"]*)"', info["data"])
        return told["destination"], {"SAMLResponse": value, "RelayState": request.relay_state}

    def write_success(self, server, told, session, orders):
        name = saml.NameID(
            format=orders.get("format", saml.NAMEID_FORMAT_PERSISTENT),
            text=f"name-of-{session.username}",
            name_qualifier=server.config.entityid,
            sp_name_qualifier=told["sp_entity_id"],
        )
        self.names[session.username] = name
        sign = orders.get("sign", "both")
        policy = server.config.getattr("policy", "idp")
        policy.conditions = lambda entity: Policy.conditions(policy, orders.get("audience", entity))
        response = server.create_authn_response(
            {"uid": session.username},
            name_id=name,
            sign_response=sign != "assertion",
            sign_assertion=sign != "response",
            encrypt_assertion="encrypt" in orders,
            sign_alg=SIG_RSA_SHA1 if orders.get("signature") == "SHA1" else None,
            authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": server.config.entityid},
            **told,
        )
        # The response may be encrypted by now.
        [statement] = server.session_db.get_authn_statements(name)[-1]
        index = statement.session_index
        session.kept = {"name": name.text, "index": index, "of": told["sp_entity_id"]}
        return response

    def take_logout(self, call, binding, message, find_and_end):
        server = self.server(binding)
        if binding == "soap":
            # Its own way unwraps by writing the message anew, with other prefixes, so that no signature holds.
            request = server.sec.correctly_signed_logout_request(unwrapped(message), must=True)
            if request.destination != f"{self.settings['base']}/soap":
                raise ValueError(request.destination)
        else:
            text = text_of(message, binding, "SAMLRequest")
            request = server.parse_logout_request(text, BINDINGS[binding]).message
        if binding == "redirect":
            self.check_query(server, message, request.issuer.text)
        name = request.name_id.text
        indexes = [each.text for each in request.session_index]
        session = find_and_end(
            lambda each: each.kept["name"] == name and (indexes == [] or each.kept["index"] in indexes)
        )
        described = {"name": name, "index": (indexes or [None])[0], "found": session is not None, "signature": None}
        status = None
        if session is None:
            status = error_status_factory((samlp.STATUS_UNKNOWN_PRINCIPAL, "nobody of that name"))
        response = server.create_logout_response(request, [BINDINGS[binding]], status, sign=binding != "redirect")
        return (described, *self.send(server, binding, response, "SAMLResponse", call))

    def send(self, server, binding, message, kind, call=None, destination=None):
        destination = destination or message_destination(message)
        relay_state = call.field("RelayState") if call is not None else "peer-state"
        is_answer = kind == "SAMLResponse"
        if binding == "soap":
            info = server.apply_binding(BINDING_SOAP, str(message), destination or "", sign=False)
            return destination, info["data"]
        info = server.apply_binding(BINDINGS[binding], str(message), destination, relay_state, is_answer, sign=True)
        if binding == "redirect":
            return dict(info["headers"])["Location"], None
        [value] = re.findall(rf'name="{kind}" value="([^"]*)"', info["data"])
        return destination, {kind: value, "RelayState": relay_state}

    def begin_logout(self, session, binding, orders):
        server = self.server()
        entity = session.kept["of"]
        services = server.metadata.single_logout_service(entity, BINDINGS[binding], "spsso")
        destination = services[0]["location"]
        known = self.names[session.username]
        name = saml.NameID(
            text=known.text,
            format=orders.get("format", known.format),
            name_qualifier=known.name_qualifier,
            sp_name_qualifier=known.sp_name_qualifier,
        )
        _, request = server.create_logout_request(
            destination,
            entity,
            name_id=name,
            session_indexes=[orders.get("index", session.kept["index"])],
            sign=binding != "redirect",
        )
        return self.send(server, binding, request, "SAMLRequest", destination=destination)

    def end_logout(self, call, message):
        server = self.server(call.binding)
        text = text_of(message, call.binding, "SAMLResponse")
        if call.binding == "redirect":
            self.check_query(server, message, next(iter(server.metadata.keys())))
        return {**self.outcome_of(server, text, call.binding), "RelayState": call.field("RelayState")}

    def soap_logout(self, session, orders):
        url, body = self.begin_logout(session, "soap", orders)
        return self.outcome_of(self.server(), soap_call(url, body), "soap")

    def outcome_of(self, server, text, binding):
        xml = unwrapped(text) if binding == "soap" else server.unravel(text, BINDINGS[binding]).decode()
        response = server.sec.correctly_signed_logout_response(xml, must=binding != "redirect")
        code = response.status.status_code
        inner = code.status_code.value if code.status_code is not None else None
        return {"status": code.value, "substatus": inner, "signature": None}


def text_of(message, binding, name):
    """The message as it is encoded: in its query, or by itself."""
    return dict(parse_qsl(message))[name] if binding == "redirect" else message


def unwrapped(envelope):
    [message] = re.findall(r"<(?:\w+:)?Body>(.*)</(?:\w+:)?Body>", envelope, re.S)
    return message


def message_destination(message):
    found = re.search(r'Destination="([^"]*)"', str(message))
    return found.group(1) if found else None


serve(lambda settings: Provider(settings, Library(settings)).routes())
