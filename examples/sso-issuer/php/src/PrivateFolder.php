<?php

declare(strict_types=1);

namespace Sso;

/** A folder of this application's user alone: what is in it decides who may sign in. */
final class PrivateFolder
{
    /** Its path; made where it is not there yet. */
    public static function at(string $path): string
    {
        if (!is_dir($path) && !@mkdir($path, 0700, true) && !is_dir($path)) {
            throw new Unavailable("the folder $path cannot be made");
        }
        if (PHP_OS_FAMILY !== 'Windows' && (fileperms($path) & 0022) !== 0) {
            throw new Unavailable("others can write to the folder: chmod 700 $path");
        }
        return $path;
    }
}
