<?php

/** An application behind the gate: `php -S 127.0.0.1:8081 index.php`. The settings are the variables that README.md lists. */

declare(strict_types=1);

namespace Gate;

use Sso\RemoteKeys;
use Sso\TokenRefused;
use Sso\Unavailable;
use Sso\Verifier;

use function Sso\setting;

require __DIR__ . '/../../sso-issuer/php/src/settings.php';

/** @param array<string, mixed> $body */
function answer(int $status, array $body): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    header('Cache-Control: private, no-cache');
    echo json_encode($body, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
}

try {
    $keys = new RemoteKeys(setting('GATE_JWKS_URL'), setting('GATE_STATE'), time(...));
    $verifier = new Verifier($keys, setting('GATE_ISSUER'), setting('GATE_AUDIENCE'), null, time(...));
    // Nothing but this token says who it is: no cookie, no other header, no address of the network.
    $person = $verifier->verify($_SERVER['HTTP_CITIZEN_TOKEN'] ?? '');
    answer(200, [
        'language' => 'php',
        'sub' => $person['sub'],
        'level' => $person['level'],
        'method' => $_SERVER['REQUEST_METHOD'],
        'target' => $_SERVER['REQUEST_URI'],
        'length' => strlen((string) file_get_contents('php://input')),
    ]);
} catch (TokenRefused $refusal) {
    answer(401, ['language' => 'php', 'problem' => $refusal->getMessage()]);
} catch (Unavailable $error) {
    // Nothing is known about the token: an outage, not a refusal.
    error_log($error->getMessage());
    answer(503, ['language' => 'php', 'problem' => 'unavailable']);
}
