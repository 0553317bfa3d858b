package sso;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.time.Clock;
import java.util.List;
import java.util.Map;

/**
 * Takes a token of a partner, once, or one of the gate: RS256 and nothing else, from one issuer, for us.
 * Source: RFC 7519, section 7.2; RFC 8725.
 */
public final class Verifier {
    private static final int LONGEST_TOKEN = 8_192;
    private static final int LONGEST_ID = 256;
    private static final long LONGEST_LIFE_SECONDS = 300;
    /** The type of a token of the gate: no other kind of token is taken for one. */
    private static final String GATE_TYPE = "gate+jwt";
    private static final long GATE_LIFE_SECONDS = 60;
    /** How far the issuer's clock may be off. */
    private static final long SKEW_SECONDS = 30;

    private final RemoteKeys keys;
    private final String issuer;
    private final String audience;
    private final UsedTokens used;
    private final Clock clock;

    /** Of the gate's tokens: those come with each request, for at most a minute. */
    public static Verifier ofGate(RemoteKeys keys, String issuer, String audience, Clock clock) {
        return new Verifier(keys, issuer, audience, null, clock);
    }

    public Verifier(RemoteKeys keys, String issuer, String audience, UsedTokens used, Clock clock) {
        if (issuer.isEmpty() || audience.isEmpty())
            throw new IllegalArgumentException("issuer and audience are what was assigned: neither can be empty");
        this.keys = keys;
        this.issuer = issuer;
        this.audience = audience;
        this.used = used;
        this.clock = clock;
    }

    /**
     * The claims of a token that holds.
     *
     * @throws TokenRefused 401: the token does not hold, or was used before
     * @throws KeysUnavailable 503: nothing is known about the token
     * @throws IOException 503: nobody can say whether it was used before
     */
    public Map<String, Object> verify(String token) throws TokenRefused, KeysUnavailable, IOException {
        // 1. Size and shape, before anything is decoded.
        if (token.length() > LONGEST_TOKEN) throw new TokenRefused("malformed");
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3) throw new TokenRefused("malformed");
        byte[] signature = Base64Url.decode(parts[2]);

        // 2. The header chooses a key by its name, and nothing else: no algorithm, no address, no key of its own.
        Map<String, Object> header = parse(parts[0]);
        if (!"RS256".equals(header.get("alg")) || header.containsKey("crit")) throw new TokenRefused("algorithm");
        if (!(header.get("kid") instanceof String kid) || kid.length() > LONGEST_ID) throw new TokenRefused("unknown-key");

        // 3. The signature, over what was sent and not over what was read.
        if (!isSignedBy(keys.find(kid), parts[0] + "." + parts[1], signature)) throw new TokenRefused("signature");

        // 4. The claims.
        Map<String, Object> claims = parse(parts[1]);
        if (!isType(header)) throw new TokenRefused("claims");
        if (!issuer.equals(claims.get("iss"))) throw new TokenRefused("issuer");
        if (!isForUs(claims.get("aud"))) throw new TokenRefused("audience");
        if (!isText(claims.get("sub")) || !isText(claims.get("jti"))) throw new TokenRefused("claims");
        checkTimes(claims);

        // 5. Once, where it is a partner's.
        if (used != null && !used.claim(issuer, (String) claims.get("jti"))) throw new TokenRefused("replayed");
        return claims;
    }

    private static Map<String, Object> parse(String part) throws TokenRefused {
        try {
            return Json.parseObject(Base64Url.decode(part));
        } catch (Json.Malformed error) {
            throw new TokenRefused("malformed");
        }
    }

    private static boolean isSignedBy(RSAPublicKey key, String signed, byte[] signature) {
        try {
            Signature verifier = Signature.getInstance("SHA256withRSA");
            verifier.initVerify(key);
            verifier.update(signed.getBytes(StandardCharsets.US_ASCII));
            return verifier.verify(signature);
        } catch (GeneralSecurityException error) {
            // A signature of another length, for one.
            return false;
        }
    }

    /** A logout token, an access token and the like have a type of their own. Source: RFC 8725, section 3.11. */
    private boolean isType(Map<String, Object> header) {
        if (used == null) return GATE_TYPE.equals(header.get("typ"));
        if (!header.containsKey("typ")) return true;
        return header.get("typ") instanceof String type && type.matches("(?i)(?:application/)?jwt");
    }

    private boolean isForUs(Object value) {
        return audience.equals(value) || (value instanceof List<?> list && list.contains(audience));
    }

    private static boolean isText(Object value) {
        return value instanceof String text && !text.isEmpty() && text.length() <= LONGEST_ID;
    }

    private void checkTimes(Map<String, Object> claims) throws TokenRefused {
        long longest = used == null ? GATE_LIFE_SECONDS : LONGEST_LIFE_SECONDS;
        long now = clock.instant().getEpochSecond();
        long issuedAt = timeOf(claims.get("iat"));
        long expiresAt = timeOf(claims.get("exp"));
        if (claims.containsKey("nbf") && timeOf(claims.get("nbf")) > now + SKEW_SECONDS)
            throw new TokenRefused("not-yet-valid");
        if (expiresAt <= now - SKEW_SECONDS) throw new TokenRefused("expired");
        if (expiresAt <= issuedAt || expiresAt - issuedAt > longest) throw new TokenRefused("too-long-lived");
        if (issuedAt > now + SKEW_SECONDS) throw new TokenRefused("not-yet-valid");
    }

    private static long timeOf(Object value) throws TokenRefused {
        if (value instanceof Long seconds && seconds >= 0 && seconds < 100_000_000_000L) return seconds;
        throw new TokenRefused("claims");
    }
}
