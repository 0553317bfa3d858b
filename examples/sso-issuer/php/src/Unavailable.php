<?php

declare(strict_types=1);

namespace Sso;

/** The issuer's keys, or our own memory of used tokens, cannot be had: nothing is known about the token. Answer 503. */
final class Unavailable extends \RuntimeException
{
}
