<?php

declare(strict_types=1);

namespace Sso;

/** The page that takes the token to the partner, in a form that sends itself: no address, history or log has it. */
final class HandOver
{
    private const SCRIPT = 'document.forms[0].submit()';

    /** @param string $address the partner's, https */
    public static function page(string $address, string $token): string
    {
        [$action, $value] = array_map(self::escape(...), [$address, $token]);
        return '<!doctype html><html lang="en"><meta charset="utf-8"><title>Continue</title>'
            . "<form method=\"post\" action=\"$action\"><input type=\"hidden\" name=\"token\" value=\"$value\">"
            . '<button>Continue</button></form><script>' . self::SCRIPT . '</script>';
    }

    /** @return array<string, string> nobody keeps the page or frames it, and no other script runs in it */
    public static function headers(): array
    {
        $hash = base64_encode(hash('sha256', self::SCRIPT, true));
        return [
            'Content-Type' => 'text/html; charset=utf-8',
            'Cache-Control' => 'private, no-store',
            'Content-Security-Policy' => "default-src 'none'; script-src 'sha256-$hash'; base-uri 'none'; frame-ancestors 'none'",
            'Referrer-Policy' => 'strict-origin',
            'X-Content-Type-Options' => 'nosniff',
        ];
    }

    /**
     * Whether a POST comes from a page of ours: else another site could send a person over without their doing.
     *
     * @param string $origin our own, as browsers see it
     */
    public static function isFromOwnPage(?string $fetchSite, ?string $from, string $origin): bool
    {
        return $fetchSite === null ? $from === $origin : $fetchSite === 'same-origin';
    }

    private static function escape(string $text): string
    {
        return htmlspecialchars($text, ENT_QUOTES | ENT_HTML5, 'UTF-8');
    }
}
