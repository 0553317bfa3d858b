package sso;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The private key that signs, and the name under which the partner knows its public half. */
public record SigningKey(RSAPrivateCrtKey key, String kid) {
    private static final int LEAST_BITS = 2048;
    private static final long LARGEST_FILE = 65_536;
    private static final Set<PosixFilePermission> OWNER_ONLY =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    public SigningKey {
        if (!kid.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}"))
            throw new IllegalArgumentException("a kid is letters, digits, -, _ and dots, as in vivoldi-sso-20251008");
        if (key.getModulus().bitLength() < LEAST_BITS)
            throw new IllegalArgumentException("the key has fewer than 2048 bits: make one of 3072 with openssl genpkey");
    }

    /**
     * Reads a private key from PEM (PKCS#8, as {@code openssl genpkey} writes it), if nobody else can read the file.
     *
     * @throws IllegalArgumentException with what to do; never with anything of the key.
     */
    public static SigningKey read(Path file, String kid) throws IOException, GeneralSecurityException {
        if (!Files.isRegularFile(file) || !Files.isReadable(file))
            throw new IllegalArgumentException(file + " is not there, or not to be read");
        if (Files.getFileStore(file).supportsFileAttributeView("posix")
                && !OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file)))
            throw new IllegalArgumentException("others can read the private key: chmod 600 " + file);
        if (Files.size(file) > LARGEST_FILE) throw new IllegalArgumentException(file + " is too large for a key");
        String pem = Files.readString(file, StandardCharsets.US_ASCII).strip();
        String begin = "-----BEGIN PRIVATE KEY-----";
        String end = "-----END PRIVATE KEY-----";
        if (!pem.startsWith(begin) || !pem.endsWith(end))
            throw new IllegalArgumentException(
                    "a key of PKCS#8 in PEM is needed: openssl pkcs8 -topk8 -nocrypt -in " + file + " -out <new file>");
        byte[] der = Base64.getMimeDecoder().decode(pem.substring(begin.length(), pem.length() - end.length()));
        try {
            var key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der));
            if (key instanceof RSAPrivateCrtKey rsa) return new SigningKey(rsa, kid);
        } catch (InvalidKeySpecException error) {
            // What the JDK says may hold parts of the key.
        }
        throw new IllegalArgumentException("an RSA key is needed: RS256 is all that the partner takes");
    }

    /** The key set for /.well-known/jwks.json: public members only, in the order of the partner's guide. */
    public String toJwks() {
        Map<String, Object> jwk = new LinkedHashMap<>();
        jwk.put("kty", "RSA");
        jwk.put("use", "sig");
        jwk.put("kid", kid);
        jwk.put("alg", "RS256");
        jwk.put("n", Base64Url.encode(octetsOf(key.getModulus())));
        jwk.put("e", Base64Url.encode(octetsOf(key.getPublicExponent())));
        return Json.stringify(Map.of("keys", List.of(jwk)));
    }

    /**
     * A number without a leading zero, which RFC 7518 (section 6.3.1.1) forbids: {@link BigInteger#toByteArray} puts one
     * before every modulus, for the sign.
     */
    private static byte[] octetsOf(BigInteger number) {
        byte[] octets = number.toByteArray();
        return octets[0] == 0 ? Arrays.copyOfRange(octets, 1, octets.length) : octets;
    }
}
