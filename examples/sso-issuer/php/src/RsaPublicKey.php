<?php

declare(strict_types=1);

namespace Sso;

/** An RSA public key from the `n` and `e` of a key set: OpenSSL reads no JWK, so it gets the key in PEM. */
final class RsaPublicKey
{
    /** The key; `null` for one that is not for RS256 signatures, or too weak for them. */
    public static function fromJwk(mixed $jwk): ?\OpenSSLAsymmetricKey
    {
        if (!is_array($jwk) || ($jwk['kty'] ?? null) !== 'RSA') {
            return null;
        }
        // Members that only private and symmetric keys have. Source: RFC 7518, section 6.
        if (array_intersect_key($jwk, array_flip(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])) !== []) {
            return null;
        }
        if (($jwk['use'] ?? 'sig') !== 'sig' || ($jwk['alg'] ?? 'RS256') !== 'RS256') {
            return null;
        }
        $uses = $jwk['key_ops'] ?? ['verify'];
        if (!is_array($uses) || !in_array('verify', $uses, true)) {
            return null;
        }
        $modulus = self::octetsOf($jwk['n'] ?? null);
        $exponent = self::octetsOf($jwk['e'] ?? null);
        if ($modulus === null || $exponent === null || !self::isExponent($exponent)) {
            return null;
        }
        $key = openssl_pkey_get_public(self::toPem($modulus, $exponent));
        $bits = $key === false ? 0 : (openssl_pkey_get_details($key)['bits'] ?? 0);
        return $key !== false && $bits >= 2048 && $bits <= 8192 ? $key : null;
    }

    /** The octets of a number. A leading zero byte, as others write it, changes nothing. */
    private static function octetsOf(mixed $text): ?string
    {
        $octets = is_string($text) ? Base64Url::decodeLeniently($text) : null;
        return $octets === null ? null : ltrim($octets, "\0");
    }

    /** Odd, at least 3, and no longer than 64 bits. */
    private static function isExponent(string $octets): bool
    {
        $isOdd = $octets !== '' && (ord($octets[-1]) & 1) === 1;
        return $isOdd && $octets !== "\1" && strlen($octets) <= 8;
    }

    /** SubjectPublicKeyInfo in DER, in PEM. Source: RFC 5280, section 4.1; RFC 8017, appendix A.1.1. */
    private static function toPem(string $modulus, string $exponent): string
    {
        $numbers = self::wrap("\x30", self::integer($modulus) . self::integer($exponent));
        // The identifier of rsaEncryption, with the parameters NULL.
        $algorithm = hex2bin('300d06092a864886f70d0101010500');
        $der = self::wrap("\x30", $algorithm . self::wrap("\x03", "\0" . $numbers));
        return "-----BEGIN PUBLIC KEY-----\n" . chunk_split(base64_encode($der), 64, "\n") . "-----END PUBLIC KEY-----\n";
    }

    /** In DER the highest bit is the sign. */
    private static function integer(string $octets): string
    {
        return self::wrap("\x02", $octets === '' || ord($octets[0]) > 127 ? "\0" . $octets : $octets);
    }

    private static function wrap(string $tag, string $content): string
    {
        $length = strlen($content);
        if ($length < 128) {
            return $tag . chr($length) . $content;
        }
        $octets = ltrim(pack('N', $length), "\0");
        return $tag . chr(0x80 | strlen($octets)) . $octets . $content;
    }
}
