<?php

declare(strict_types=1);

namespace Sso;

/**
 * Takes a token of a partner, once, or one of the gate: RS256 and nothing else, from one issuer, for us.
 * Source: RFC 7519, section 7.2; RFC 8725.
 */
final class Verifier
{
    private const LONGEST_TOKEN = 8_192;
    private const LONGEST_ID = 256;
    private const LONGEST_LIFE_SECONDS = 300;
    /** The type of a token of the gate: no other kind of token is taken for one. */
    private const GATE_TYPE = 'gate+jwt';
    private const GATE_LIFE_SECONDS = 60;
    /** How far the issuer's clock may be off. */
    private const SKEW_SECONDS = 30;

    /**
     * A verifier of partners' tokens; without `$used`, of the gate's: those come with each request, for at most a minute.
     *
     * @param \Closure(): int $clock seconds since the epoch
     */
    public function __construct(
        private readonly RemoteKeys $keys,
        private readonly string $issuer,
        private readonly string $audience,
        private readonly ?UsedTokens $used,
        private readonly \Closure $clock,
    ) {
        if ($issuer === '' || $audience === '') {
            throw new \InvalidArgumentException('issuer and audience are what was assigned: neither can be empty');
        }
    }

    /**
     * The claims of a token that holds.
     *
     * @return array<string, mixed>
     * @throws TokenRefused 401: the token does not hold, or was used before
     * @throws Unavailable 503: nothing is known about the token
     */
    public function verify(string $token): array
    {
        // 1. Size and shape, before anything is decoded.
        $parts = strlen($token) > self::LONGEST_TOKEN ? [] : explode('.', $token);
        if (count($parts) !== 3) {
            throw new TokenRefused('malformed');
        }
        [$encodedHeader, $encodedPayload, $encodedSignature] = $parts;
        $signature = Base64Url::decode($encodedSignature);

        // 2. The header chooses a key by its name, and nothing else: no algorithm, no address, no key of its own.
        $header = self::parse($encodedHeader);
        if (($header['alg'] ?? null) !== 'RS256' || array_key_exists('crit', $header)) {
            throw new TokenRefused('algorithm');
        }
        $kid = $header['kid'] ?? null;
        if (!is_string($kid) || strlen($kid) > self::LONGEST_ID) {
            throw new TokenRefused('unknown-key');
        }

        // 3. The signature, over what was sent and not over what was read. Anything but 1 is a no, errors too.
        $key = $this->keys->find($kid);
        if (openssl_verify("$encodedHeader.$encodedPayload", $signature, $key, OPENSSL_ALGO_SHA256) !== 1) {
            throw new TokenRefused('signature');
        }

        // 4. The claims.
        $claims = self::parse($encodedPayload);
        if (!$this->isType($header)) {
            throw new TokenRefused('claims');
        }
        if (($claims['iss'] ?? null) !== $this->issuer) {
            throw new TokenRefused('issuer');
        }
        if (!$this->isForUs($claims['aud'] ?? null)) {
            throw new TokenRefused('audience');
        }
        if (!self::isText($claims['sub'] ?? null) || !self::isText($claims['jti'] ?? null)) {
            throw new TokenRefused('claims');
        }
        $this->checkTimes($claims);

        // 5. Once, where it is a partner's.
        if ($this->used !== null && !$this->used->claim($this->issuer, $claims['jti'])) {
            throw new TokenRefused('replayed');
        }
        return $claims;
    }

    /** @return array<string, mixed> */
    private static function parse(string $part): array
    {
        try {
            $value = json_decode(Base64Url::decode($part), false, 16, JSON_THROW_ON_ERROR);
        } catch (\JsonException) {
            throw new TokenRefused('malformed');
        }
        if (!$value instanceof \stdClass) {
            throw new TokenRefused('malformed');
        }
        return get_object_vars($value);
    }

    /**
     * A logout token, an access token and the like have a type of their own. Source: RFC 8725, section 3.11.
     *
     * @param array<string, mixed> $header
     */
    private function isType(array $header): bool
    {
        if ($this->used === null) {
            return ($header['typ'] ?? null) === self::GATE_TYPE;
        }
        $type = array_key_exists('typ', $header) ? $header['typ'] : 'JWT';
        return is_string($type) && preg_match('~^(?:application/)?jwt\z~i', $type) === 1;
    }

    /** Compared as text: PHP would take 0 for "0" otherwise. */
    private function isForUs(mixed $audience): bool
    {
        return $audience === $this->audience
            || (is_array($audience) && in_array($this->audience, $audience, true));
    }

    private static function isText(mixed $value): bool
    {
        return is_string($value) && $value !== '' && strlen($value) <= self::LONGEST_ID;
    }

    /** @param array<string, mixed> $claims */
    private function checkTimes(array $claims): void
    {
        $longest = $this->used === null ? self::GATE_LIFE_SECONDS : self::LONGEST_LIFE_SECONDS;
        $now = ($this->clock)();
        $issuedAt = self::timeOf($claims['iat'] ?? null);
        $expiresAt = self::timeOf($claims['exp'] ?? null);
        if (array_key_exists('nbf', $claims) && self::timeOf($claims['nbf']) > $now + self::SKEW_SECONDS) {
            throw new TokenRefused('not-yet-valid');
        }
        if ($expiresAt <= $now - self::SKEW_SECONDS) {
            throw new TokenRefused('expired');
        }
        if ($expiresAt <= $issuedAt || $expiresAt - $issuedAt > $longest) {
            throw new TokenRefused('too-long-lived');
        }
        if ($issuedAt > $now + self::SKEW_SECONDS) {
            throw new TokenRefused('not-yet-valid');
        }
    }

    private static function timeOf(mixed $value): int
    {
        if (!is_int($value) || $value < 0 || $value >= 100_000_000_000) {
            throw new TokenRefused('claims');
        }
        return $value;
    }
}
