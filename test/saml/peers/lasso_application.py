"""A service provider made of Lasso (Debian: python3-lasso)."""

import re

import lasso
from application import Application
from peer import fetch, serve, soap_call

lasso.init()

BINDINGS = {
    "redirect": (lasso.HTTP_METHOD_REDIRECT, lasso.SAML2_METADATA_BINDING_REDIRECT),
    "post": (lasso.HTTP_METHOD_POST, lasso.SAML2_METADATA_BINDING_POST),
    "soap": (lasso.HTTP_METHOD_SOAP, lasso.SAML2_METADATA_BINDING_SOAP),
}


class Library:
    def __init__(self, settings):
        self.settings = settings
        self.awaited = None

    def metadata(self):
        base = self.settings["base"]
        body = re.sub(r"-----[^-]+-----|\s", "", self.settings["certificate"])
        info = f'<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>'
        keys = "".join(f'<md:KeyDescriptor use="{use}">{info}</md:KeyDescriptor>' for use in ("signing", "encryption"))
        logout = "".join(
            f'<md:SingleLogoutService Binding="{uri}" Location="{base}/{"soap" if name == "soap" else "slo"}"/>'
            for name, (_, uri) in BINDINGS.items()
        )
        return (
            f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{base}/metadata">'
            f'<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            f"{keys}{logout}<md:NameIDFormat>{lasso.SAML2_NAME_IDENTIFIER_FORMAT_PERSISTENT}</md:NameIDFormat>"
            f'<md:AssertionConsumerService index="0" isDefault="true" Binding="{BINDINGS["post"][1]}" Location="{base}/acs"/>'
            f"</md:SPSSODescriptor></md:EntityDescriptor>"
        )

    def server(self):
        key = self.settings["key"]
        made = lasso.Server.newFromBuffers(self.metadata(), key, None, self.settings["certificate"])
        made.signatureMethod = lasso.SIGNATURE_METHOD_RSA_SHA256
        made.setEncryptionPrivateKey(key)
        made.addProviderFromBuffer(lasso.PROVIDER_ROLE_IDP, fetch(self.settings["url"]))
        return made

    def begin_login(self, binding):
        login = lasso.Login(self.server())
        login.initAuthnRequest(next(iter(login.server.providerIds)), BINDINGS[binding][0])
        login.request.nameIdPolicy.format = lasso.SAML2_NAME_IDENTIFIER_FORMAT_PERSISTENT
        login.request.nameIdPolicy.allowCreate = True
        login.msgRelayState = "peer-state"
        login.buildAuthnRequestMsg()
        fields = {"SAMLRequest": login.msgBody, "RelayState": login.msgRelayState}
        return login.msgUrl, None if binding == "redirect" else fields

    def end_login(self, message):
        login = lasso.Login(self.server())
        login.processAuthnResponseMsg(message)
        login.acceptSso()
        assertion = login.assertion
        attributes = {
            attribute.name: [text.content for value in attribute.attributeValue for text in value.any]
            for statement in assertion.attributeStatement
            for attribute in statement.attribute
        }
        person = {
            "name": login.nameIdentifier.content,
            "index": assertion.authnStatement[0].sessionIndex,
            "attributes": attributes,
        }
        return person, (login.session.dump(), login.identity and login.identity.dump())

    def logout_of(self, kept):
        logout = lasso.Logout(self.server())
        logout.setSignatureVerifyHint(lasso.PROFILE_SIGNATURE_VERIFY_HINT_FORCE)
        if kept is not None:
            logout.setSessionFromDump(kept[0])
            if kept[1]:
                logout.setIdentityFromDump(kept[1])
        return logout

    def begin_logout(self, kept, binding):
        logout = self.logout_of(kept)
        logout.initRequest(None, BINDINGS[binding][0])
        if binding != "soap":
            logout.msgRelayState = "peer-state"
        logout.buildRequestMsg()
        self.awaited = logout
        if binding == "redirect":
            return logout.msgUrl, None
        if binding == "soap":
            return logout.msgUrl, logout.msgBody
        return logout.msgUrl, {"SAMLRequest": logout.msgBody, "RelayState": logout.msgRelayState}

    def end_logout(self, _binding, message):
        self.awaited.processResponseMsg(message)
        if self.awaited.signatureStatus:
            raise ValueError("Signature")
        return {"status": self.awaited.response.status.statusCode.value}

    def soap_logout(self, kept):
        url, body = self.begin_logout(kept, "soap")
        return self.end_logout("soap", soap_call(url, body))

    def take_logout(self, binding, message, relay_state, find):
        first = self.logout_of(None)
        first.processRequestMsg(message)
        described = {"name": first.request.nameId.content, "indexes": [first.request.sessionIndex]}
        logout = self.logout_of(find(described["name"], described["indexes"]))
        logout.processRequestMsg(message)
        logout.validateRequest()
        if binding == "post":
            logout.msgRelayState = relay_state
        logout.buildResponseMsg()
        if binding == "soap":
            return described, (None, logout.msgBody)
        fields = {"SAMLResponse": logout.msgBody, "RelayState": logout.msgRelayState}
        return described, (logout.msgUrl, None if binding == "redirect" else fields)


serve(lambda settings: Application(Library(settings)).routes())
