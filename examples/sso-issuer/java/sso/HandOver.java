package sso;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Map;

/** The page that takes the token to the partner, in a form that sends itself: no address, history or log has it. */
public final class HandOver {
    private static final String SCRIPT = "document.forms[0].submit()";

    private HandOver() {}

    /** @param address the partner's, https */
    public static String page(String address, String token) {
        return """
                <!doctype html><html lang="en"><meta charset="utf-8"><title>Continue</title>
                <form method="post" action="%s"><input type="hidden" name="token" value="%s">
                <button>Continue</button></form><script>%s</script>
                """.formatted(escape(address), escape(token), SCRIPT);
    }

    /** Nobody keeps the page or frames it, and no other script runs in it. */
    public static Map<String, String> headers() {
        String policy = "default-src 'none'; script-src 'sha256-" + sha256(SCRIPT)
                + "'; base-uri 'none'; frame-ancestors 'none'";
        return Map.of(
                "Content-Type", "text/html; charset=utf-8",
                "Cache-Control", "private, no-store",
                "Content-Security-Policy", policy,
                "Referrer-Policy", "strict-origin",
                "X-Content-Type-Options", "nosniff");
    }

    /**
     * Whether a POST comes from a page of ours: else another site could send a person over without their doing.
     *
     * @param fetchSite the header Sec-Fetch-Site, or {@code null}
     * @param from the header Origin, or {@code null}
     * @param origin our own, as browsers see it
     */
    public static boolean isFromOwnPage(String fetchSite, String from, String origin) {
        return fetchSite == null ? origin.equals(from) : fetchSite.equals("same-origin");
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }
}
