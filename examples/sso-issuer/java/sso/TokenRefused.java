package sso;

/** A token was refused. {@link #getMessage()} is one word that a log may hold; it says nothing of the token itself. */
public final class TokenRefused extends Exception {
    private static final long serialVersionUID = 1;

    public TokenRefused(String problem) {
        super(problem);
    }
}
