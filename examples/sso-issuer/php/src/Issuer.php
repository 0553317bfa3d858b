<?php

declare(strict_types=1);

namespace Sso;

/** Signs the short token that takes a person over to a partner, for one use. Source: RFC 7519; RFC 7515. */
final class Issuer
{
    /** Claims that say from whom, for whom and for how long a token is: not for the application to set. */
    private const RESERVED = ['iss', 'aud', 'sub', 'jti', 'iat', 'exp', 'nbf'];
    private const LONGEST_TOKEN = 8_192;
    private const LONGEST_SUBJECT = 256;
    /** It is used at once. */
    private const LIFE_SECONDS = 60;

    /**
     * Issuer and audience are what the partner assigned, letter by letter.
     *
     * @param \Closure(): int $clock seconds since the epoch
     */
    public function __construct(
        private readonly SigningKey $key,
        private readonly string $issuer,
        private readonly string $audience,
        private readonly \Closure $clock,
    ) {
        if ($issuer === '' || $audience === '') {
            throw new \InvalidArgumentException('issuer and audience are what the partner assigned: neither can be empty');
        }
    }

    /**
     * A token for a person whom your application has authenticated.
     *
     * @param string $subject how the partner knows the person
     * @param array<string, mixed> $claims what the partner gets to know besides
     */
    public function issue(string $subject, array $claims = []): string
    {
        if ($subject === '' || strlen($subject) > self::LONGEST_SUBJECT) {
            throw new \InvalidArgumentException('a subject has 1 to 256 characters');
        }
        foreach (self::RESERVED as $name) {
            if (array_key_exists($name, $claims)) {
                throw new \InvalidArgumentException("the claim $name is the issuer's to set");
            }
        }
        $now = ($this->clock)();
        $payload = $claims + [
            'iss' => $this->issuer,
            'aud' => $this->audience,
            'sub' => $subject,
            // 128 random bits, so that the partner can take each token once.
            'jti' => Base64Url::encode(random_bytes(16)),
            'iat' => $now,
            'exp' => $now + self::LIFE_SECONDS,
        ];
        $header = ['alg' => 'RS256', 'kid' => $this->key->kid, 'typ' => 'JWT'];
        $signed = self::encode($header) . '.' . self::encode($payload);
        $token = $signed . '.' . Base64Url::encode($this->key->sign($signed));
        if (strlen($token) > self::LONGEST_TOKEN) {
            throw new \InvalidArgumentException('the token is too long: pass fewer claims');
        }
        return $token;
    }

    /** @param array<string, mixed> $part */
    private static function encode(array $part): string
    {
        return Base64Url::encode(json_encode($part, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES));
    }
}
