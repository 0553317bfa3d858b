package sso;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.RSAPublicKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The issuer's public keys, from its /.well-known/jwks.json: fetched once for all who ask, kept for ten minutes, and
 * asked for again when a token names a key that is not known, at most every 30 seconds. Make one, not one for each token.
 */
public final class RemoteKeys {
    private static final Duration KEPT = Duration.ofMinutes(10);
    private static final Duration COOL_DOWN = Duration.ofSeconds(30);
    /** After a fetch in vain. */
    private static final Duration PAUSE = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int LARGEST_SET = 262_144;
    private static final int MOST_KEYS = 64;
    /** Members that only private and symmetric keys have. Source: RFC 7518, section 6. */
    private static final Set<String> SECRET = Set.of("d", "p", "q", "dp", "dq", "qi", "oth", "k");

    private final URI address;
    private final Clock clock;
    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(PATIENCE)
            // Where keys come from is configured, and nowhere else.
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    private List<NamedKey> known = List.of();
    private Instant fetchedAt = Instant.MIN;
    private Instant triedAt = Instant.MIN;

    private record NamedKey(String kid, RSAPublicKey key) {}

    public RemoteKeys(URI address, Clock clock) {
        boolean isLoopback = Set.of("localhost", "127.0.0.1", "[::1]").contains(String.valueOf(address.getHost()));
        if (!"https".equals(address.getScheme()) && !("http".equals(address.getScheme()) && isLoopback))
            throw new IllegalArgumentException("keys are fetched over https; over http only on loopback");
        this.address = address;
        this.clock = clock;
    }

    /** The one key of that name. Whoever comes while keys are fetched waits for the same answer. */
    synchronized RSAPublicKey find(String kid) throws TokenRefused, KeysUnavailable {
        boolean isFresh = isWithin(KEPT, fetchedAt);
        if (isFresh) {
            RSAPublicKey key = lookUp(kid);
            if (key != null) return key;
            // A flood of names that nobody knows must not become a flood at the issuer.
            if (isWithin(COOL_DOWN, triedAt)) throw new TokenRefused("unknown-key");
        } else if (isWithin(PAUSE, triedAt)) throw new KeysUnavailable("the keys could not be had a moment ago", null);
        triedAt = clock.instant();
        known = fetch();
        fetchedAt = triedAt;
        RSAPublicKey key = lookUp(kid);
        if (key == null) throw new TokenRefused("unknown-key");
        return key;
    }

    /** By a clock that was put back a time can lie ahead: then it is over. */
    private boolean isWithin(Duration duration, Instant since) {
        Instant now = clock.instant();
        return !since.isAfter(now) && since.isAfter(now.minus(duration));
    }

    private RSAPublicKey lookUp(String kid) throws TokenRefused {
        List<NamedKey> named = known.stream().filter(each -> each.kid().equals(kid)).toList();
        if (named.size() > 1) throw new TokenRefused("unknown-key");
        return named.isEmpty() ? null : named.get(0).key();
    }

    private List<NamedKey> fetch() throws KeysUnavailable {
        try {
            Object keys = Json.parseObject(download()).get("keys");
            if (!(keys instanceof List<?> list) || list.size() > MOST_KEYS) throw new IOException("no key set");
            List<NamedKey> usable = new ArrayList<>();
            for (Object each : list) {
                NamedKey key = toKey(each);
                if (key != null) usable.add(key);
            }
            if (usable.isEmpty()) throw new IOException("no usable key in the set");
            return List.copyOf(usable);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new KeysUnavailable("interrupted while the keys were fetched", error);
        } catch (IOException | Json.Malformed error) {
            throw new KeysUnavailable("the keys at " + address + " cannot be had", error);
        }
    }

    private byte[] download() throws IOException, InterruptedException {
        var body = new ByteArrayOutputStream();
        var request = HttpRequest.newBuilder(address).header("accept", "application/json").build();
        CompletableFuture<HttpResponse<Void>> answer = client.sendAsync(
                request,
                BodyHandlers.ofByteArrayConsumer(part -> part.ifPresent(octets -> {
                    if (body.size() + octets.length > LARGEST_SET)
                        throw new UncheckedIOException(new IOException("the key set is too large"));
                    body.writeBytes(octets);
                })));
        try {
            // For the whole answer: a time-out of the request ends with its headers.
            int status = answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS).statusCode();
            if (status != 200) throw new IOException("the answer is " + status);
            return body.toByteArray();
        } catch (ExecutionException error) {
            throw new IOException(error.getCause());
        } catch (TimeoutException error) {
            answer.cancel(true);
            throw new IOException("no answer in time", error);
        }
    }

    /** A key of the set; {@code null} for one that is not for RS256 signatures, or too weak for them. */
    private static NamedKey toKey(Object value) {
        if (!(value instanceof Map<?, ?> jwk) || !"RSA".equals(jwk.get("kty"))) return null;
        if (jwk.keySet().stream().anyMatch(SECRET::contains)) return null;
        if (jwk.containsKey("use") && !"sig".equals(jwk.get("use"))) return null;
        if (jwk.containsKey("alg") && !"RS256".equals(jwk.get("alg"))) return null;
        if (jwk.containsKey("key_ops") && !(jwk.get("key_ops") instanceof List<?> uses && uses.contains("verify"))) return null;
        if (!(jwk.get("kid") instanceof String kid)) return null;
        if (!(jwk.get("n") instanceof String n) || !(jwk.get("e") instanceof String e)) return null;
        try {
            // With a sign of our own: a leading zero byte, as others write it, changes nothing.
            var modulus = new BigInteger(1, Base64Url.decodeLeniently(n));
            var exponent = new BigInteger(1, Base64Url.decodeLeniently(e));
            boolean isStrong = modulus.bitLength() >= 2048 && modulus.bitLength() <= 8192;
            if (!isStrong || exponent.bitLength() < 2 || exponent.bitLength() > 64 || !exponent.testBit(0)) return null;
            var key = KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(modulus, exponent));
            return new NamedKey(kid, (RSAPublicKey) key);
        } catch (GeneralSecurityException | TokenRefused error) {
            return null;
        }
    }
}
