package sso;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.Map;

/** Issues and verifies from the command line; the settings are the variables that README.md lists. */
public final class Main {
    private static final int LARGEST_INPUT = 1_048_576;

    private Main() {}

    public static void main(String[] arguments) {
        int code = run(arguments);
        // A server goes on by itself.
        if (code != 0 || !arguments[0].equals("serve")) System.exit(code);
    }

    /** The exit code: 0 done, 1 failed or refused, 2 wrong usage. */
    private static int run(String[] arguments) {
        String what = arguments.length == 0 ? "" : arguments[0];
        try {
            switch (what) {
                case "jwks" -> System.out.println(signingKey().toJwks());
                case "issue" -> {
                    if (arguments.length < 2 || arguments.length > 3) return usage();
                    System.out.println(issue(arguments[1], arguments.length == 3 ? arguments[2] : "{}"));
                }
                case "serve" -> {
                    if (arguments.length != 2 || !arguments[1].matches("[0-9]{1,5}")) return usage();
                    var web = new Web(
                            issuer(), setting("SSO_APPLICATION_URL"), setting("SSO_PARTNER_URL"), setting("SSO_SUBJECT"));
                    web.listen(Integer.parseInt(arguments[1]));
                }
                case "verify" -> {
                    return verifyLines() ? 0 : 1;
                }
                default -> {
                    return usage();
                }
            }
            return 0;
        } catch (Exception error) {
            System.err.println(what + ": " + error.getMessage());
            return 1;
        }
    }

    private static int usage() {
        System.err.println("usage: jwks | issue <subject> [<claims as JSON>] | verify (a token a line on standard input)"
                + " | serve <port>");
        return 2;
    }

    private static String issue(String subject, String json) throws Exception {
        Map<String, Object> claims = Json.parseObject(json.getBytes(StandardCharsets.UTF_8));
        return issuer().issue(subject, claims);
    }

    private static Issuer issuer() throws IOException, GeneralSecurityException {
        return new Issuer(signingKey(), setting("SSO_ISSUER"), setting("SSO_AUDIENCE"), Clock.systemUTC());
    }

    private static SigningKey signingKey() throws IOException, GeneralSecurityException {
        return SigningKey.read(Path.of(setting("SSO_PRIVATE_KEY")), setting("SSO_KID"));
    }

    /** Says of each token `taken` with its claims, or `refused` with what is wrong. */
    private static boolean verifyLines() throws Exception {
        var verifier = new Verifier(
                new RemoteKeys(URI.create(setting("SSO_JWKS_URL")), Clock.systemUTC()),
                setting("SSO_ISSUER"),
                setting("SSO_AUDIENCE"),
                UsedTokens.inFolder(Path.of(setting("SSO_STATE"))),
                Clock.systemUTC());
        byte[] input = System.in.readNBytes(LARGEST_INPUT + 1);
        if (input.length > LARGEST_INPUT) throw new IllegalArgumentException("the input is longer than 1 MiB");
        boolean allTaken = true;
        for (String token : new String(input, StandardCharsets.UTF_8).lines().toList()) {
            try {
                System.out.println("taken " + Json.stringify(verifier.verify(token)));
            } catch (TokenRefused refusal) {
                allTaken = false;
                System.out.println("refused " + refusal.getMessage());
            }
        }
        return allTaken;
    }

    private static String setting(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) throw new IllegalArgumentException("set the variable " + name);
        return value;
    }
}
