<?php

declare(strict_types=1);

namespace Sso;

/** The private key that signs, and the name under which the partner knows its public half. */
final class SigningKey
{
    private const LEAST_BITS = 2048;
    private const LARGEST_FILE = 65_536;

    private function __construct(private readonly \OpenSSLAsymmetricKey $key, public readonly string $kid)
    {
    }

    /**
     * Reads a private key from PEM (PKCS#8 or PKCS#1), if nobody else can read the file.
     *
     * @throws \InvalidArgumentException with what to do; never with anything of the key
     */
    public static function read(string $file, string $kid): self
    {
        if (preg_match('/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\z/', $kid) !== 1) {
            throw new \InvalidArgumentException('a kid is letters, digits, -, _ and dots, as in vivoldi-sso-20251008');
        }
        if (!is_file($file) || !is_readable($file) || filesize($file) > self::LARGEST_FILE) {
            throw new \InvalidArgumentException("$file is not there, not to be read, or too large for a key");
        }
        if (PHP_OS_FAMILY !== 'Windows' && (fileperms($file) & 0077) !== 0) {
            throw new \InvalidArgumentException("others can read the private key: chmod 600 $file");
        }
        $key = openssl_pkey_get_private((string) file_get_contents($file));
        if ($key === false) {
            throw new \InvalidArgumentException("$file holds no private key in PEM, or an encrypted one");
        }
        $details = openssl_pkey_get_details($key);
        if ($details === false || $details['type'] !== OPENSSL_KEYTYPE_RSA) {
            throw new \InvalidArgumentException('an RSA key is needed: RS256 is all that the partner takes');
        }
        if ($details['bits'] < self::LEAST_BITS) {
            throw new \InvalidArgumentException(
                'the key has fewer than 2048 bits: make one of 3072 with openssl genpkey',
            );
        }
        return new self($key, $kid);
    }

    /** A signature with RS256. Source: RFC 7518, section 3.3. */
    public function sign(string $text): string
    {
        if (!openssl_sign($text, $signature, $this->key, OPENSSL_ALGO_SHA256)) {
            throw new \RuntimeException('the token could not be signed');
        }
        return $signature;
    }

    /** The key set for /.well-known/jwks.json: public members only, in the order of the partner's guide. */
    public function toJwks(): string
    {
        $rsa = openssl_pkey_get_details($this->key)['rsa'];
        // RFC 7518, section 6.3.1.1: a number has no leading zero byte.
        $number = static fn (string $octets): string => Base64Url::encode(ltrim($octets, "\0"));
        $jwk = ['kty' => 'RSA', 'use' => 'sig', 'kid' => $this->kid, 'alg' => 'RS256'];
        $jwk += ['n' => $number($rsa['n']), 'e' => $number($rsa['e'])];
        return json_encode(['keys' => [$jwk]], JSON_THROW_ON_ERROR);
    }
}
