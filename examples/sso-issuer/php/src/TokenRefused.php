<?php

declare(strict_types=1);

namespace Sso;

/** A token was refused: answer 401. The message is one word that a log may hold; it says nothing of the token itself. */
final class TokenRefused extends \Exception
{
}
