<?php

declare(strict_types=1);

namespace Sso;

/**
 * The issuer's public keys, from its /.well-known/jwks.json. PHP forgets everything with each request, so what was
 * fetched is kept in a file: for ten minutes, and asked for again when a token names a key that is not known, at most
 * every 30 seconds.
 */
final class RemoteKeys
{
    private const KEPT_SECONDS = 600;
    private const COOL_DOWN_SECONDS = 30;
    /** After a fetch in vain. */
    private const PAUSE_SECONDS = 5;
    private const PATIENCE_SECONDS = 5;
    private const LARGEST_SET = 262_144;
    private const MOST_KEYS = 64;

    private readonly string $folder;

    /** @param \Closure(): int $clock seconds since the epoch */
    public function __construct(private readonly string $address, string $folder, private readonly \Closure $clock)
    {
        $isLoopback = preg_match('~^http://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?/~', $address) === 1;
        if (!str_starts_with($address, 'https://') && !$isLoopback) {
            throw new \InvalidArgumentException('keys are fetched over https; over http only on loopback');
        }
        $this->folder = PrivateFolder::at($folder);
    }

    /**
     * The one key of that name.
     *
     * @throws TokenRefused `unknown-key`
     * @throws Unavailable
     */
    public function find(string $kid): \OpenSSLAsymmetricKey
    {
        $lock = @fopen("{$this->folder}/keys.lock", 'c');
        // Whoever comes while keys are fetched waits for the same answer.
        if ($lock === false || !flock($lock, LOCK_EX)) {
            throw new Unavailable('the kept keys cannot be locked');
        }
        try {
            return $this->findLocked($kid);
        } finally {
            fclose($lock);
        }
    }

    private function findLocked(string $kid): \OpenSSLAsymmetricKey
    {
        $kept = $this->kept();
        if ($this->isWithin(self::KEPT_SECONDS, $kept['fetchedAt'])) {
            $key = self::lookUp($kept['keys'], $kid);
            if ($key !== null) {
                return $key;
            }
            // A flood of names that nobody knows must not become a flood at the issuer.
            if ($this->isWithin(self::COOL_DOWN_SECONDS, $kept['triedAt'])) {
                throw new TokenRefused('unknown-key');
            }
        } elseif ($this->isWithin(self::PAUSE_SECONDS, $kept['triedAt'])) {
            throw new Unavailable('the keys could not be had a moment ago');
        }
        $now = ($this->clock)();
        $this->keep(['triedAt' => $now] + $kept);
        $keys = $this->fetch();
        $this->keep(['address' => $this->address, 'triedAt' => $now, 'fetchedAt' => $now, 'keys' => $keys]);
        return self::lookUp($keys, $kid) ?? throw new TokenRefused('unknown-key');
    }

    /** By a clock that was put back a time can lie ahead: then it is over. */
    private function isWithin(int $seconds, int $since): bool
    {
        $now = ($this->clock)();
        return $since <= $now && $since > $now - $seconds;
    }

    /** @param list<mixed> $keys */
    private static function lookUp(array $keys, string $kid): ?\OpenSSLAsymmetricKey
    {
        $named = array_filter($keys, static fn (mixed $jwk): bool => is_array($jwk) && ($jwk['kid'] ?? null) === $kid);
        $usable = array_filter(array_map(RsaPublicKey::fromJwk(...), $named));
        if (count($usable) > 1) {
            throw new TokenRefused('unknown-key');
        }
        return $usable === [] ? null : reset($usable);
    }

    /** @return array{address: string, triedAt: int, fetchedAt: int, keys: list<mixed>} */
    private function kept(): array
    {
        $nothing = ['address' => $this->address, 'triedAt' => 0, 'fetchedAt' => 0, 'keys' => []];
        $text = @file_get_contents("{$this->folder}/keys.json", false, null, 0, self::LARGEST_SET * 2);
        $kept = $text === false ? null : json_decode($text, true);
        // What was kept of another address counts for nothing.
        return is_array($kept) && ($kept['address'] ?? null) === $this->address ? $kept : $nothing;
    }

    /** @param array<string, mixed> $kept */
    private function keep(array $kept): void
    {
        $file = "{$this->folder}/keys.json";
        $text = json_encode($kept, JSON_THROW_ON_ERROR);
        // Whole or not at all: a process that ends in the midst of it leaves no half of a set.
        if (@file_put_contents("$file.new", $text) !== strlen($text) || !@rename("$file.new", $file)) {
            throw new Unavailable("the keys cannot be kept in {$this->folder}");
        }
    }

    /** @return list<mixed> */
    private function fetch(): array
    {
        try {
            $set = json_decode($this->download(), true, 16, JSON_THROW_ON_ERROR);
        } catch (\JsonException) {
            throw new Unavailable("the answer of {$this->address} is no key set");
        }
        $keys = is_array($set) ? ($set['keys'] ?? null) : null;
        if (!is_array($keys) || !array_is_list($keys) || count($keys) > self::MOST_KEYS) {
            throw new Unavailable("the answer of {$this->address} is no key set");
        }
        return $keys;
    }

    private function download(): string
    {
        // Where keys come from is configured, and nowhere else: no redirect is followed. Certificates are checked.
        $http = ['follow_location' => 0, 'timeout' => self::PATIENCE_SECONDS, 'ignore_errors' => true];
        $http += ['header' => 'Accept: application/json', 'protocol_version' => 1.1];
        $stream = @fopen($this->address, 'r', false, stream_context_create(['http' => $http]));
        if ($stream === false) {
            throw new Unavailable("no answer of {$this->address}");
        }
        try {
            $status = stream_get_meta_data($stream)['wrapper_data'][0] ?? '';
            if (preg_match('~^HTTP/1\.[01] 200\b~', $status) !== 1) {
                throw new Unavailable("the answer of {$this->address} is $status");
            }
            // For the whole answer: the time-out of the stream is one of each part.
            $until = hrtime(true) + self::PATIENCE_SECONDS * 1_000_000_000;
            for ($text = ''; !feof($stream); ) {
                $text .= (string) fread($stream, 8_192);
                if (strlen($text) > self::LARGEST_SET || hrtime(true) > $until) {
                    throw new Unavailable("the answer of {$this->address} is too large, or takes too long");
                }
            }
            return $text;
        } finally {
            fclose($stream);
        }
    }
}
