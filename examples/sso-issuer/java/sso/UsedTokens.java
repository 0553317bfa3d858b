package sso;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Set;

/** Remembers which tokens were used. Shared by all instances: a token is taken once. */
@FunctionalInterface
public interface UsedTokens {
    /** True for exactly one caller. A failure is thrown: where nobody can say so, no token is taken. */
    boolean claim(String issuer, String id) throws IOException;

    /**
     * In a folder: a file for each token, and of two who make one file the system lets one. On several machines take a
     * table with a unique key instead.
     */
    static UsedTokens inFolder(Path folder) throws IOException {
        // Longer than any token is taken, whatever the clocks say.
        Duration kept = Duration.ofMinutes(10);
        makePrivate(folder);
        return (issuer, id) -> {
            Instant old = Instant.now().minus(kept);
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.used")) {
                for (Path file : files)
                    if (Files.getLastModifiedTime(file).toInstant().isBefore(old)) Files.deleteIfExists(file);
            }
            try {
                Files.createFile(folder.resolve(nameOf(issuer, id) + ".used"));
                return true;
            } catch (FileAlreadyExistsException error) {
                return false;
            }
        };
    }

    /** Whoever could remove a file from it could use a token again. */
    private static void makePrivate(Path folder) throws IOException {
        if (!folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createDirectories(folder);
            return;
        }
        var ownerOnly = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        if (!Files.isDirectory(folder)) Files.createDirectories(folder, ownerOnly);
        Set<PosixFilePermission> modes = Files.getPosixFilePermissions(folder);
        if (modes.contains(PosixFilePermission.GROUP_WRITE) || modes.contains(PosixFilePermission.OTHERS_WRITE))
            throw new IOException("others can write to the folder: chmod 700 " + folder);
    }

    private static String nameOf(String issuer, String id) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((issuer + "\0" + id).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }
}
