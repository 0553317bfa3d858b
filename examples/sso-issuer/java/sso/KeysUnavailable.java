package sso;

/** The issuer's keys cannot be had: nothing is known about the token. Answer 503, not 401. */
public final class KeysUnavailable extends Exception {
    private static final long serialVersionUID = 1;

    public KeysUnavailable(String message, Throwable cause) {
        super(message, cause);
    }
}
