<?php

/** The classes of this folder, and the variables that README.md lists. */

declare(strict_types=1);

namespace Sso;

spl_autoload_register(static function (string $class): void {
    if (preg_match('/^Sso\\\\(\w+)\z/', $class, $match) === 1) {
        require __DIR__ . "/{$match[1]}.php";
    }
});

function setting(string $name): string
{
    $value = getenv($name);
    if ($value === false || $value === '') {
        throw new \InvalidArgumentException("set the variable $name");
    }
    return $value;
}

function issuer(): Issuer
{
    return new Issuer(signingKey(), setting('SSO_ISSUER'), setting('SSO_AUDIENCE'), time(...));
}

function signingKey(): SigningKey
{
    return SigningKey::read(setting('SSO_PRIVATE_KEY'), setting('SSO_KID'));
}
