<?php

declare(strict_types=1);

namespace Sso;

/** Base64url without padding, the one alphabet of tokens and keys. Source: RFC 7515, section 2. */
final class Base64Url
{
    public static function encode(string $octets): string
    {
        return rtrim(strtr(base64_encode($octets), '+/', '-_'), '=');
    }

    /** The octets of a part of a token: only what an encoder writes, so that one token has one spelling. */
    public static function decode(string $text): string
    {
        $octets = self::decodeLeniently($text);
        if ($octets === null || self::encode($octets) !== $text) {
            throw new TokenRefused('malformed');
        }
        return $octets;
    }

    /** The octets of a number of a published key, where padding does no harm. */
    public static function decodeLeniently(string $text): ?string
    {
        $octets = base64_decode(strtr(rtrim($text, '='), '-_', '+/'), true);
        return $octets === false ? null : $octets;
    }
}
