"""A service provider made of pysaml2 (Debian: python3-pysaml2). It signs and verifies XML by the program xmlsec1."""

import re

from application import Application
from peer import serve, soap_call
from pysaml2_common import BINDINGS, Party, read_logout_request, read_logout_response, send
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP, saml
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256


class Library(Party):
    def __init__(self, settings):
        super().__init__(settings)
        self.outstanding = {}

    def config(self, **more):
        base = self.settings["base"]
        service = {
            "endpoints": {
                "assertion_consumer_service": [(f"{base}/acs", BINDING_HTTP_POST)],
                "single_logout_service": [
                    (f"{base}/slo", BINDING_HTTP_REDIRECT),
                    (f"{base}/slo", BINDING_HTTP_POST),
                    (f"{base}/soap", BINDING_SOAP),
                ],
            },
            "signing_algorithm": SIG_RSA_SHA256,
            "digest_algorithm": DIGEST_SHA256,
            "authn_requests_signed": True,
            "want_assertions_signed": False,
            "want_response_signed": False,
            "want_assertions_or_response_signed": True,
            "name_id_format": [saml.NAMEID_FORMAT_PERSISTENT],
        }
        return SPConfig().load(
            {
                "entityid": f"{base}/metadata",
                "xmlsec_binary": "/usr/bin/xmlsec1",
                "key_file": self.key,
                "cert_file": self.certificate,
                "encryption_keypairs": [{"key_file": self.key, "cert_file": self.certificate}],
                "allow_unknown_attributes": True,
                "service": {"sp": service},
                **more,
            }
        )

    def metadata(self):
        return str(entity_descriptor(self.config()))

    def client(self):
        return self.party("sp", lambda path: Saml2Client(self.config(metadata={"local": [path]})))

    def begin_login(self, binding):
        client = self.client()
        [provider] = client.metadata.identity_providers()
        [service, *_] = client.metadata.single_sign_on_service(provider, BINDINGS[binding])
        identifier, request = client.create_authn_request(
            service["location"], sign=binding != "redirect", nameid_format=saml.NAMEID_FORMAT_PERSISTENT
        )
        self.outstanding[identifier] = "/"
        return send(client, binding, request, "SAMLRequest", service["location"], "peer-state")

    def end_login(self, message):
        response = self.client().parse_authn_request_response(message, BINDING_HTTP_POST, self.outstanding)
        info = response.session_info()
        name = info["name_id"]
        person = {"name": name.text, "index": info["session_index"], "attributes": info["ava"]}
        return person, (name, info["session_index"], info["issuer"])

    def begin_logout(self, kept, binding):
        client = self.client()
        name, index, provider = kept
        [service, *_] = client.metadata.single_logout_service(provider, BINDINGS[binding], "idpsso")
        _, request = client.create_logout_request(
            service["location"], provider, name_id=name, session_indexes=[index], sign=binding != "redirect"
        )
        return send(client, binding, request, "SAMLRequest", service["location"], "peer-state")

    def end_logout(self, binding, message):
        return read_logout_response(self.client(), binding, message)

    def soap_logout(self, kept):
        url, body = self.begin_logout(kept, "soap")
        return self.end_logout("soap", soap_call(url, body))

    def take_logout(self, binding, message, relay_state, _find):
        client = self.client()
        request = read_logout_request(client, binding, message, f"{self.settings['base']}/soap")
        described = {"name": request.name_id.text, "indexes": [each.text for each in request.session_index]}
        response = client.create_logout_response(request, [BINDINGS[binding]], sign=binding != "redirect")
        found = re.search(r'Destination="([^"]*)"', str(response))
        destination = found.group(1) if found else None
        return described, send(client, binding, response, "SAMLResponse", destination, relay_state)


serve(lambda settings: Application(Library(settings)).routes())
