<?php

/** Issues and verifies from the command line; the settings are the variables that README.md lists. */

declare(strict_types=1);

namespace Sso;

require __DIR__ . '/src/settings.php';

const LARGEST_INPUT = 1_048_576;

function issue(string $subject, string $json): string
{
    $claims = json_decode($json, false, 16, JSON_THROW_ON_ERROR);
    if (!$claims instanceof \stdClass) {
        throw new \InvalidArgumentException('claims are an object in JSON');
    }
    return issuer()->issue($subject, get_object_vars($claims));
}

/** Says of each token `taken` with its claims, or `refused` with what is wrong. */
function verifyLines(): bool
{
    $state = setting('SSO_STATE');
    $keys = new RemoteKeys(setting('SSO_JWKS_URL'), $state, time(...));
    $used = new UsedTokens($state);
    $verifier = new Verifier($keys, setting('SSO_ISSUER'), setting('SSO_AUDIENCE'), $used, time(...));
    $input = stream_get_contents(STDIN, LARGEST_INPUT + 1);
    if ($input === false || strlen($input) > LARGEST_INPUT) {
        throw new \InvalidArgumentException('the input cannot be read, or is longer than 1 MiB');
    }
    $allTaken = true;
    foreach (explode("\n", rtrim($input, "\n")) as $token) {
        try {
            $claims = $verifier->verify(rtrim($token, "\r"));
            echo 'taken ', json_encode((object) $claims, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES), "\n";
        } catch (TokenRefused $refusal) {
            $allTaken = false;
            echo 'refused ', $refusal->getMessage(), "\n";
        }
    }
    return $allTaken;
}

/** @param list<string> $arguments @return int 0 done, 1 failed or refused, 2 wrong usage */
function main(array $arguments): int
{
    $what = $arguments[0] ?? '';
    $count = count($arguments);
    try {
        if ($what === 'jwks' && $count === 1) {
            echo signingKey()->toJwks(), "\n";
        } elseif ($what === 'issue' && ($count === 2 || $count === 3)) {
            echo issue($arguments[1], $arguments[2] ?? '{}'), "\n";
        } elseif ($what === 'verify' && $count === 1) {
            return verifyLines() ? 0 : 1;
        } else {
            fwrite(STDERR, "usage: jwks | issue <subject> [<claims as JSON>] | verify (a token a line on standard input)\n");
            return 2;
        }
        return 0;
    } catch (\Exception $error) {
        fwrite(STDERR, "$what: {$error->getMessage()}\n");
        return 1;
    }
}

exit(main(array_slice($argv, 1)));
