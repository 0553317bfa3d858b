package gate;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import sso.Json;
import sso.KeysUnavailable;
import sso.RemoteKeys;
import sso.TokenRefused;
import sso.Verifier;

/** An application behind the gate. The settings are the variables that README.md lists. */
public final class Backend {
    private final Verifier verifier;

    private Backend(Verifier verifier) {
        this.verifier = verifier;
    }

    /** Listens on the port that is its one argument, on loopback: nobody reaches it but by the proxy. */
    public static void main(String[] arguments) throws IOException {
        var keys = new RemoteKeys(URI.create(setting("GATE_JWKS_URL")), Clock.systemUTC());
        var verifier = Verifier.ofGate(keys, setting("GATE_ISSUER"), setting("GATE_AUDIENCE"), Clock.systemUTC());
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        HttpServer server = HttpServer.create(address, 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", new Backend(verifier)::answer);
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("language", "java");
        try {
            // Nothing but this token says who it is: no cookie, no other header, no address of the network.
            Map<String, Object> person = verifier.verify(tokenOf(exchange));
            body.put("sub", person.get("sub"));
            body.put("level", person.get("level"));
            body.put("method", exchange.getRequestMethod());
            body.put("target", exchange.getRequestURI().toString());
            body.put("length", exchange.getRequestBody().readAllBytes().length);
            send(exchange, 200, body);
        } catch (TokenRefused refusal) {
            body.put("problem", refusal.getMessage());
            send(exchange, 401, body);
        } catch (KeysUnavailable error) {
            // Nothing is known about the token: an outage, not a refusal.
            System.err.println(error.getMessage());
            body.put("problem", "unavailable");
            send(exchange, 503, body);
        }
    }

    /** Of two tokens none counts. */
    private static String tokenOf(HttpExchange exchange) {
        List<String> tokens = exchange.getRequestHeaders().get("Citizen-Token");
        return tokens != null && tokens.size() == 1 ? tokens.get(0) : "";
    }

    private static void send(HttpExchange exchange, int status, Map<String, Object> body) throws IOException {
        byte[] octets = Json.stringify(body).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.getResponseHeaders().set("Cache-Control", "private, no-cache");
        exchange.sendResponseHeaders(status, octets.length);
        exchange.getResponseBody().write(octets);
        exchange.close();
    }

    private static String setting(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) throw new IllegalArgumentException("set the variable " + name);
        return value;
    }
}
