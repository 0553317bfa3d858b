<?php

/** A page with a button, and behind it the way to the partner: `php -S 127.0.0.1:8080 -t public`. */

declare(strict_types=1);

namespace Sso;

require __DIR__ . '/../src/settings.php';

try {
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        header('Cache-Control: private, no-store');
        echo '<!doctype html><html lang="en"><meta charset="utf-8"><title>Benefits</title>',
            '<h1>Benefits</h1><form method="post"><button>To the partner</button></form>';
        return;
    }
    $site = $_SERVER['HTTP_SEC_FETCH_SITE'] ?? null;
    $from = $_SERVER['HTTP_ORIGIN'] ?? null;
    if (!HandOver::isFromOwnPage($site, $from, setting('SSO_APPLICATION_URL'))) {
        http_response_code(403);
        echo 'This request came from another site. Nothing was done.';
        return;
    }
    // Here stands who is signed in at your application; without anybody there is no token.
    $subject = setting('SSO_SUBJECT');
    $page = HandOver::page(setting('SSO_PARTNER_URL'), issuer()->issue($subject));
    foreach (HandOver::headers() as $name => $value) {
        header("$name: $value");
    }
    echo $page;
} catch (\Exception $error) {
    error_log($error->getMessage());
    http_response_code(500);
    echo 'That did not work.';
}
