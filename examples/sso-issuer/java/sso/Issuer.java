package sso;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.Signature;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Signs the short token that takes a person over to a partner, for one use. Source: RFC 7519; RFC 7515. */
public final class Issuer {
    /** Claims that say from whom, for whom and for how long a token is: not for the application to set. */
    private static final Set<String> RESERVED = Set.of("iss", "aud", "sub", "jti", "iat", "exp", "nbf");

    private static final int LONGEST_TOKEN = 8_192;
    private static final int LONGEST_SUBJECT = 256;
    /** It is used at once. */
    private static final long LIFE_SECONDS = 60;

    private final SigningKey signingKey;
    private final String issuer;
    private final String audience;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();

    /** Issuer and audience are what the partner assigned, letter by letter. */
    public Issuer(SigningKey signingKey, String issuer, String audience, Clock clock) {
        if (issuer.isEmpty() || audience.isEmpty())
            throw new IllegalArgumentException("issuer and audience are what the partner assigned: neither can be empty");
        this.signingKey = signingKey;
        this.issuer = issuer;
        this.audience = audience;
        this.clock = clock;
    }

    /**
     * A token for a person whom your application has authenticated.
     *
     * @param subject how the partner knows the person
     * @param claims what the partner gets to know besides; may be empty
     */
    public String issue(String subject, Map<String, Object> claims) throws GeneralSecurityException {
        if (subject.isEmpty() || subject.length() > LONGEST_SUBJECT)
            throw new IllegalArgumentException("a subject has 1 to 256 characters");
        for (String name : claims.keySet())
            if (RESERVED.contains(name)) throw new IllegalArgumentException("the claim " + name + " is the issuer's to set");
        long now = clock.instant().getEpochSecond();
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("alg", "RS256");
        header.put("kid", signingKey.kid());
        header.put("typ", "JWT");
        Map<String, Object> payload = new LinkedHashMap<>(claims);
        payload.put("iss", issuer);
        payload.put("aud", audience);
        payload.put("sub", subject);
        payload.put("jti", newId());
        payload.put("iat", now);
        payload.put("exp", now + LIFE_SECONDS);
        String signed = encode(header) + "." + encode(payload);
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(signingKey.key(), random);
        signature.update(signed.getBytes(StandardCharsets.US_ASCII));
        String token = signed + "." + Base64Url.encode(signature.sign());
        if (token.length() > LONGEST_TOKEN) throw new IllegalArgumentException("the token is too long: pass fewer claims");
        return token;
    }

    private static String encode(Map<String, Object> part) {
        return Base64Url.encode(Json.stringify(part).getBytes(StandardCharsets.UTF_8));
    }

    /** 128 random bits, so that the partner can take each token once. */
    private String newId() {
        byte[] id = new byte[16];
        random.nextBytes(id);
        return Base64Url.encode(id);
    }
}
