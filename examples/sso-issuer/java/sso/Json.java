package sso;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON, as strictly as a token needs it: the JDK has no reader of its own. Objects are maps in their order, whole numbers
 * {@link Long}, other numbers {@link Double}. A name that comes twice is refused: two readers could see two tokens.
 * Source: RFC 8259; RFC 8725, section 2.4.
 */
public final class Json {
    /** A text that is no JSON, or is nested too deeply. */
    public static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        Malformed(String message) {
            super(message);
        }
    }

    private static final int DEEPEST = 16;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** An object from its octets, which must be UTF-8. */
    public static Map<String, Object> parseObject(byte[] octets) throws Malformed {
        try {
            // A decoder made anew refuses what is no UTF-8; `new String` would replace it.
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(octets)).toString();
            Json reader = new Json(text);
            reader.skipBlanks();
            Map<String, Object> value = reader.readObject(0);
            reader.skipBlanks();
            if (reader.at != text.length()) throw reader.malformed();
            return value;
        } catch (CharacterCodingException error) {
            throw new Malformed("not UTF-8");
        }
    }

    /** A value as text, in one line. */
    public static String stringify(Object value) {
        if (value instanceof String text) return quote(text);
        if (value instanceof Map<?, ?> map) {
            List<String> members = new ArrayList<>();
            map.forEach((name, member) -> members.add(quote((String) name) + ":" + stringify(member)));
            return "{" + String.join(",", members) + "}";
        }
        if (value instanceof List<?> list) return "[" + String.join(",", list.stream().map(Json::stringify).toList()) + "]";
        if (value == null || value instanceof Number || value instanceof Boolean) return String.valueOf(value);
        throw new IllegalArgumentException("JSON has no " + value.getClass().getName());
    }

    private Object readValue(int depth) throws Malformed {
        return switch (peek()) {
            case '{' -> readObject(depth + 1);
            case '[' -> readList(depth + 1);
            case '"' -> readString();
            case 't' -> readWord("true", true);
            case 'f' -> readWord("false", false);
            case 'n' -> readWord("null", null);
            default -> readNumber();
        };
    }

    private Map<String, Object> readObject(int depth) throws Malformed {
        if (depth > DEEPEST) throw malformed();
        Map<String, Object> members = new LinkedHashMap<>();
        expect('{');
        skipBlanks();
        while (peek() != '}') {
            if (!members.isEmpty()) nextAfterComma();
            String name = readString();
            skipBlanks();
            expect(':');
            skipBlanks();
            if (members.containsKey(name)) throw malformed();
            members.put(name, readValue(depth));
            skipBlanks();
        }
        expect('}');
        return members;
    }

    private List<Object> readList(int depth) throws Malformed {
        if (depth > DEEPEST) throw malformed();
        List<Object> values = new ArrayList<>();
        expect('[');
        skipBlanks();
        while (peek() != ']') {
            if (!values.isEmpty()) nextAfterComma();
            values.add(readValue(depth));
            skipBlanks();
        }
        expect(']');
        return values;
    }

    private void nextAfterComma() throws Malformed {
        expect(',');
        skipBlanks();
    }

    private String readString() throws Malformed {
        StringBuilder value = new StringBuilder();
        expect('"');
        for (;;) {
            char next = take();
            if (next == '"') return value.toString();
            if (next < ' ') throw malformed();
            value.append(next == '\\' ? readEscape() : next);
        }
    }

    private char readEscape() throws Malformed {
        char kind = take();
        return switch (kind) {
            case '"', '\\', '/' -> kind;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                int code = 0;
                for (int digit = 0; digit < 4; digit++) {
                    int value = Character.digit(take(), 16);
                    if (value < 0) throw malformed();
                    code = code * 16 + value;
                }
                yield (char) code;
            }
            default -> throw malformed();
        };
    }

    private Object readWord(String word, Object value) throws Malformed {
        if (!text.startsWith(word, at)) throw malformed();
        at += word.length();
        return value;
    }

    private Number readNumber() throws Malformed {
        int start = at;
        while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) at++;
        String number = text.substring(start, at);
        if (!number.matches("-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")) throw malformed();
        if (number.matches("-?[0-9]{1,18}")) return Long.valueOf(number);
        return Double.valueOf(number);
    }

    private char peek() throws Malformed {
        if (at >= text.length()) throw malformed();
        return text.charAt(at);
    }

    private char take() throws Malformed {
        char next = peek();
        at++;
        return next;
    }

    private void expect(char wanted) throws Malformed {
        if (take() != wanted) throw malformed();
    }

    private void skipBlanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    private Malformed malformed() {
        return new Malformed("no JSON at character " + at);
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            if (each == '"' || each == '\\') quoted.append('\\').append(each);
            else if (each < ' ' || Character.isSurrogate(each)) quoted.append(String.format("\\u%04x", (int) each));
            else quoted.append(each);
        }
        return quoted.append('"').toString();
    }
}
