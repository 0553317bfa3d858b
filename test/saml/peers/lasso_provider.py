"""An identity provider made of Lasso (Debian: python3-lasso). Lasso signs and verifies by libxmlsec1, in this process."""

import datetime
import re

import lasso
from peer import fetch, serve, soap_call
from provider import Provider

lasso.init()

PERSISTENT = lasso.SAML2_NAME_IDENTIFIER_FORMAT_PERSISTENT
BINDINGS = {
    "redirect": (lasso.HTTP_METHOD_REDIRECT, lasso.SAML2_METADATA_BINDING_REDIRECT),
    "post": (lasso.HTTP_METHOD_POST, lasso.SAML2_METADATA_BINDING_POST),
    "soap": (lasso.HTTP_METHOD_SOAP, lasso.SAML2_METADATA_BINDING_SOAP),
}


def instant(seconds=0):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def metadata(base, certificate):
    body = re.sub(r"-----[^-]+-----|\s", "", certificate)
    logout = "".join(
        f'<md:SingleLogoutService Binding="{uri}" Location="{base}/{"soap" if name == "soap" else "slo"}"/>'
        for name, (_, uri) in BINDINGS.items()
    )
    sign_on = "".join(
        f'<md:SingleSignOnService Binding="{BINDINGS[name][1]}" Location="{base}/sso"/>' for name in ("redirect", "post")
    )
    key = f'<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>'
    return (
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{base}/metadata">'
        f'<md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f'<md:KeyDescriptor use="signing">{key}</md:KeyDescriptor>{logout}'
        f"<md:NameIDFormat>{PERSISTENT}</md:NameIDFormat>{sign_on}</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


class Login:
    """A request to sign in that Lasso has verified."""

    def __init__(self, login):
        self.login = login
        request = login.request
        self.is_passive = request.isPassive
        self.is_forced = request.forceAuthn
        self.described = {"issuer": request.issuer.content, "signature": login.signatureStatus}


class Library:
    def __init__(self, settings):
        self.settings = settings
        self.identities = {}
        self.awaited = []

    def metadata(self):
        return metadata(self.settings["base"], self.settings["certificate"])

    def server(self):
        """Lasso with the application's metadata, as the application writes it now."""
        made = lasso.Server.newFromBuffers(
            self.metadata(), self.settings["key"], None, self.settings["certificate"]
        )
        made.signatureMethod = lasso.SIGNATURE_METHOD_RSA_SHA256
        made.addProviderFromBuffer(lasso.PROVIDER_ROLE_SP, fetch(self.settings["url"]))
        return made

    def put_identity(self, profile, session):
        if session.username in self.identities:
            profile.setIdentityFromDump(self.identities[session.username])

    def read_login(self, call, message, relay_state):
        login = lasso.Login(self.server())
        login.setSignatureVerifyHint(lasso.PROFILE_SIGNATURE_VERIFY_HINT_FORCE)
        login.processAuthnRequestMsg(message)
        if call.binding == "post":
            login.msgRelayState = relay_state
        return Login(login)

    def write_login(self, request, session, orders):
        login = request.login
        if session is not None:
            self.put_identity(login, session)
        prepare_encryption(login.server.getProvider(login.remoteProviderId), orders)
        if orders.get("signature"):
            login.server.signatureMethod = getattr(lasso, f"SIGNATURE_METHOD_RSA_{orders['signature']}")
        if orders.get("sign") == "assertion":
            login.setSignatureHint(lasso.PROFILE_SIGNATURE_HINT_FORBID)
        try:
            login.validateRequestMsg(session is not None, True)
        except lasso.LoginRequestDeniedError:
            pass
        except lasso.Error:
            if session is not None:
                raise
        if session is not None:
            context = lasso.SAML2_AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT
            login.buildAssertion(context, instant(-5), None, instant(-60), instant(60))
            self.fill(login, session, orders)
            named = {"name": login.nameIdentifier.content, "index": index_of(login)}
        login.buildAuthnResponseMsg()
        if session is not None:
            # None where the name is for one session alone; a name that was bent is not kept.
            if login.identity is not None and "format" not in orders:
                self.identities[session.username] = login.identity.dump()
            session.kept = {"dump": login.session.dump(), **named}
        return login.msgUrl, {"SAMLResponse": login.msgBody, "RelayState": login.msgRelayState}

    def fill(self, login, session, orders):
        assertion = login.assertion
        attribute = lasso.Saml2Attribute()
        attribute.name = "uid"
        attribute.nameFormat = lasso.SAML2_ATTRIBUTE_NAME_FORMAT_BASIC
        value = lasso.Saml2AttributeValue()
        value.any = (lasso.MiscTextNode.newWithString(session.username),)
        value.any[0].textChild = True
        attribute.attributeValue = (value,)
        statement = lasso.Saml2AttributeStatement()
        statement.attribute = (attribute,)
        assertion.attributeStatement = (statement,)
        if "format" in orders:
            assertion.subject.nameId.format = orders["format"]
        if "audience" in orders:
            assertion.conditions.audienceRestriction[0].audience = orders["audience"]

    def take_logout(self, call, binding, message, find_and_end):
        logout = lasso.Logout(self.server())
        logout.setSignatureVerifyHint(lasso.PROFILE_SIGNATURE_VERIFY_HINT_FORCE)
        logout.processRequestMsg(message)
        request = logout.request
        name, index = request.nameId.content, request.sessionIndex
        session = find_and_end(
            lambda each: each.kept["name"] == name and (index is None or each.kept["index"] == index)
        )
        described = {"name": name, "index": index, "found": session is not None, "signature": logout.signatureStatus}
        if session is not None:
            logout.setSessionFromDump(session.kept["dump"])
            self.put_identity(logout, session)
        if binding == "post":
            logout.msgRelayState = call.form.get("RelayState")
        try:
            logout.validateRequest()
        except lasso.Error:
            if session is not None:
                raise
        logout.buildResponseMsg()
        if binding == "soap":
            return described, None, logout.msgBody
        fields = {"SAMLResponse": logout.msgBody, "RelayState": logout.msgRelayState}
        return described, logout.msgUrl, None if binding == "redirect" else fields

    def begin_logout(self, session, binding, orders):
        logout = lasso.Logout(self.server())
        logout.setSessionFromDump(session.kept["dump"])
        self.put_identity(logout, session)
        entity = next(iter(logout.server.providerIds))
        prepare_encryption(logout.server.getProvider(entity), orders)
        logout.initRequest(entity, BINDINGS[binding][0])
        request = logout.request
        if "format" in orders:
            request.nameId.format = orders["format"]
        if "index" in orders:
            request.sessionIndex = orders["index"]
        if binding != "soap":
            logout.msgRelayState = "peer-state"
        logout.buildRequestMsg()
        self.awaited.append(logout)
        if binding == "redirect":
            return logout.msgUrl, None
        if binding == "soap":
            return logout.msgUrl, logout.msgBody
        return logout.msgUrl, {"SAMLRequest": logout.msgBody, "RelayState": logout.msgRelayState}

    def end_logout(self, call, message):
        logout = self.awaited.pop()
        logout.setSignatureVerifyHint(lasso.PROFILE_SIGNATURE_VERIFY_HINT_FORCE)
        return {**outcome_of(logout, message), "RelayState": call.field("RelayState")}

    def soap_logout(self, session, orders):
        url, body = self.begin_logout(session, "soap", orders)
        answer = soap_call(url, body)
        logout = self.awaited.pop()
        logout.setSignatureVerifyHint(lasso.PROFILE_SIGNATURE_VERIFY_HINT_FORCE)
        return outcome_of(logout, answer)


def prepare_encryption(provider, orders):
    """What is written encrypted for a provider, and how, where the orders want it."""
    if "encrypt" in orders:
        modes = {"assertion": lasso.ENCRYPTION_MODE_ASSERTION, "name": lasso.ENCRYPTION_MODE_NAMEID}
        provider.setEncryptionMode(modes[orders["encrypt"]])
        provider.setEncryptionSymKeyType(getattr(lasso, f"ENCRYPTION_SYM_KEY_TYPE_{orders['cipher']}"))
        provider.setKeyEncryptionMethod(getattr(lasso, f"KEY_ENCRYPTION_METHOD_{orders['transport']}"))


def outcome_of(logout, message):
    """What the answer says, whose signature Lasso has verified."""
    try:
        logout.processResponseMsg(message)
    except lasso.ProfileStatusNotSuccessError:
        pass
    except lasso.LogoutPartialLogoutError:
        pass
    except lasso.LogoutUnknownPrincipalError:
        pass
    code = logout.response.status.statusCode
    inner = code.statusCode.value if code.statusCode is not None else None
    return {"status": code.value, "substatus": inner, "signature": logout.signatureStatus}


def index_of(login):
    return login.assertion.authnStatement[0].sessionIndex


serve(lambda settings: Provider(settings, Library(settings)).routes())
