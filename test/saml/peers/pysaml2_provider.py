"""An identity provider made of pysaml2 (Debian: python3-pysaml2). It signs and verifies XML by the program xmlsec1."""

import re

from peer import serve, soap_call
from provider import Provider
from pysaml2_common import BINDINGS, Party, check_query, read_logout_request, read_logout_response, send, text_of
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP, saml, samlp
from saml2.assertion import Policy
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.s_utils import error_status_factory
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256


class Login:
    def __init__(self, server, request, relay_state):
        self.server = server
        self.message = request
        self.relay_state = relay_state
        self.is_passive = request.is_passive == "true"
        self.is_forced = request.force_authn == "true"
        self.described = {"issuer": request.issuer.text, "signature": None}


class Library(Party):
    def __init__(self, settings):
        super().__init__(settings)
        self.names = {}

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
        """By redirect the XML is not what is signed."""
        must = binding != "redirect"
        return self.party(must, lambda path: Server(config=self.config(must, metadata={"local": [path]})))

    def read_login(self, call, message, relay_state):
        server = self.server(call.binding)
        text = text_of(message, call.binding, "SAMLRequest")
        request = server.parse_authn_request(text, BINDINGS[call.binding]).message
        if call.binding == "redirect":
            check_query(server, message, request.issuer.text)
        return Login(server, request, relay_state)

    def write_login(self, request, session, orders):
        server = request.server
        told = server.response_args(request.message, [BINDING_HTTP_POST])
        if session is None:
            wrong = (samlp.STATUS_NO_PASSIVE, "nobody is signed in")
            response = server.create_error_response(told["in_response_to"], told["destination"], wrong, sign=True)
        else:
            response = self.write_success(server, told, session, orders)
        return send(server, "post", response, "SAMLResponse", told["destination"], request.relay_state)

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
        session.kept = {"name": name.text, "index": statement.session_index, "of": told["sp_entity_id"]}
        return response

    def take_logout(self, call, binding, message, find_and_end):
        server = self.server(binding)
        request = read_logout_request(server, binding, message, f"{self.settings['base']}/soap")
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
        found = re.search(r'Destination="([^"]*)"', str(response))
        destination = found.group(1) if found else None
        return (described, *send(server, binding, response, "SAMLResponse", destination, call.field("RelayState")))

    def begin_logout(self, session, binding, orders):
        server = self.server()
        entity = session.kept["of"]
        [service, *_] = server.metadata.single_logout_service(entity, BINDINGS[binding], "spsso")
        known = self.names[session.username]
        name = saml.NameID(
            text=known.text,
            format=orders.get("format", known.format),
            name_qualifier=known.name_qualifier,
            sp_name_qualifier=known.sp_name_qualifier,
        )
        _, request = server.create_logout_request(
            service["location"],
            entity,
            name_id=name,
            session_indexes=[orders.get("index", session.kept["index"])],
            sign=binding != "redirect",
        )
        return send(server, binding, request, "SAMLRequest", service["location"], "peer-state")

    def end_logout(self, call, message):
        described = read_logout_response(self.server(call.binding), call.binding, message)
        return {**described, "RelayState": call.field("RelayState")}

    def soap_logout(self, session, orders):
        url, body = self.begin_logout(session, "soap", orders)
        return read_logout_response(self.server(), "soap", soap_call(url, body))


serve(lambda settings: Provider(settings, Library(settings)).routes())
