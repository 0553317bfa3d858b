<?php

declare(strict_types=1);

namespace Sso;

/**
 * Remembers which tokens were used, in a folder: a file for each, and of two who make one file the system lets one. On
 * several machines take a table with a unique key instead.
 */
final class UsedTokens
{
    /** Longer than any token is taken, whatever the clocks say. */
    private const KEPT_SECONDS = 600;

    private readonly string $folder;

    public function __construct(string $folder)
    {
        $this->folder = PrivateFolder::at($folder);
    }

    /**
     * True for exactly one caller.
     *
     * @throws Unavailable where nobody can say so: then no token is taken
     */
    public function claim(string $issuer, string $id): bool
    {
        foreach (glob("{$this->folder}/*.used") ?: [] as $file) {
            $time = @filemtime($file);
            if ($time !== false && $time < time() - self::KEPT_SECONDS) {
                @unlink($file);
            }
        }
        $file = "{$this->folder}/" . hash('sha256', "$issuer\0$id") . '.used';
        $handle = @fopen($file, 'x');
        if ($handle !== false) {
            fclose($handle);
            return true;
        }
        clearstatcache(true, $file);
        if (is_file($file)) {
            return false;
        }
        throw new Unavailable("nothing can be written to {$this->folder}");
    }
}
