package sso;

import java.util.Base64;

/** Base64url without padding, the one alphabet of tokens and keys. Source: RFC 7515, section 2. */
final class Base64Url {
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    private Base64Url() {}

    static String encode(byte[] octets) {
        return ENCODER.encodeToString(octets);
    }

    /** The octets of a part of a token: only what an encoder writes, so that one token has one spelling. */
    static byte[] decode(String text) throws TokenRefused {
        byte[] octets = decodeLeniently(text);
        if (!encode(octets).equals(text)) throw new TokenRefused("malformed");
        return octets;
    }

    /** The octets of a number of a published key, where padding does no harm. */
    static byte[] decodeLeniently(String text) throws TokenRefused {
        try {
            return Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException error) {
            throw new TokenRefused("malformed");
        }
    }
}
