package sso;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Map;

/** A page with a button, and behind it the way to the partner. On loopback: it stands for your own application. */
final class Web {
    private static final String HOME = """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Benefits</title>
            <h1>Benefits</h1><form method="post"><button>To the partner</button></form>
            """;
    private static final Map<String, String> PLAIN =
            Map.of("Content-Type", "text/html; charset=utf-8", "Cache-Control", "private, no-store");

    private final Issuer issuer;
    private final String origin;
    private final String partner;
    private final String subject;

    /** {@code subject} stands for who is signed in at your application; without anybody there is no token. */
    Web(Issuer issuer, String origin, String partner, String subject) {
        this.issuer = issuer;
        this.origin = origin;
        this.partner = partner;
        this.subject = subject;
    }

    void listen(int port) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try {
            if (!exchange.getRequestMethod().equals("POST")) {
                send(exchange, 200, PLAIN, HOME);
                return;
            }
            var headers = exchange.getRequestHeaders();
            if (!HandOver.isFromOwnPage(headers.getFirst("Sec-Fetch-Site"), headers.getFirst("Origin"), origin)) {
                send(exchange, 403, PLAIN, "This request came from another site. Nothing was done.");
                return;
            }
            send(exchange, 200, HandOver.headers(), HandOver.page(partner, issuer.issue(subject, Map.of())));
        } catch (GeneralSecurityException | IllegalArgumentException error) {
            System.err.println("no token: " + error.getMessage());
            send(exchange, 500, PLAIN, "That did not work.");
        }
    }

    private static void send(HttpExchange exchange, int status, Map<String, String> headers, String body)
            throws IOException {
        byte[] octets = body.getBytes(StandardCharsets.UTF_8);
        headers.forEach(exchange.getResponseHeaders()::set);
        exchange.sendResponseHeaders(status, octets.length);
        exchange.getResponseBody().write(octets);
        exchange.close();
    }
}
