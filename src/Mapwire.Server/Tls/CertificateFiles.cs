using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mapwire.Server.Tls;

/// <summary>Where a certificate and its private key lie: two PEM files, one PEM file of both, or a PKCS #12 file (.pfx, .p12).</summary>
/// <param name="Certificate">In a PEM file the server's own comes first, those that vouch for it behind.</param>
/// <param name="Key">Null where the key is in the same file.</param>
/// <param name="Password">A file whose first line opens the key; null where it is not encrypted.</param>
internal sealed record CertificateFiles(string Certificate, string? Key, string? Password)
{
    /// <summary>How long the longest of these files may be, in bytes: chains of certificates have some ten thousand.</summary>
    private const long MaxLength = 1024 * 1024;

    /// <summary>What <see cref="Key"/> is called where it is set, for messages.</summary>
    public string KeyOption { get; init; } = nameof(Key);

    /// <summary>What <see cref="Password"/> is called where it is set, for messages.</summary>
    public string PasswordOption { get; init; } = nameof(Password);

    /// <summary>Reads the certificate, its key, and those that vouch for it.</summary>
    /// <exception cref="IOException">
    /// A file cannot be read, is no certificate, or the key is another one's; the message names it.
    /// </exception>
    public X509Certificate2Collection Read()
    {
        try
        {
            string? password = Password is null ? null : ReadText(Password).Split('\n')[0].TrimEnd('\r');
            return IsPkcs12 ? ReadPkcs12(password) : ReadPem(password);
        }
        catch (Exception exception) when (exception is CryptographicException or UnauthorizedAccessException or ArgumentException)
        {
            string key = Key is null ? "" : $" with key {Key}";
            throw new IOException($"certificate {Certificate}{key}: {exception.Message}", exception);
        }
    }

    /// <summary>What tells one state of the files from another.</summary>
    public CertificateStamp Look() => new(StampOf(Certificate), StampOf(Key), StampOf(Password));

    private bool IsPkcs12 => Path.GetExtension(Certificate).ToUpperInvariant() is ".PFX" or ".P12";

    private X509Certificate2Collection ReadPem(string? password)
    {
        string text = ReadText(Certificate);
        string key = Key is null ? text : ReadText(Key);
        X509Certificate2Collection all = [];
        all.ImportFromPem(text);
        if (all.Count == 0)
        {
            throw new IOException($"{Certificate} has no certificate in PEM (-----BEGIN CERTIFICATE-----)");
        }

        RequireReadableKey(key, Key ?? Certificate, password is not null);
        X509Certificate2 own;
        try
        {
            own = password is null
                ? X509Certificate2.CreateFromPem(text, key)
                : X509Certificate2.CreateFromEncryptedPem(text, key, password);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new IOException(
                $"certificate {Certificate} with key {Key ?? Certificate}: the key does not belong to the certificate, or is damaged"
                + (password is null ? "" : $", or the password of {PasswordOption} is not its"), exception);
        }

        if (OperatingSystem.IsWindows())
        {
            own = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null); // its TLS takes no key that is only in memory
        }

        all[0] = own;
        return all;
    }

    /// <summary>.NET has one sentence for a key that is not there, one that is encrypted and one of another certificate.</summary>
    private void RequireReadableKey(string pem, string path, bool hasPassword)
    {
        const string LegacyEncryption = "Proc-Type: 4,ENCRYPTED"; // RFC 1421, section 4.6.1.1, which PEM of PKCS #8 has not
        bool isEncrypted = pem.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal);
        string? fault = pem.Contains(LegacyEncryption, StringComparison.Ordinal)
            ? "the key is encrypted in the old form of OpenSSL; 'openssl pkcs8 -topk8 -in KEY -out NEW' makes it PKCS #8, which is read"
            : !pem.Contains("PRIVATE KEY-----", StringComparison.Ordinal)
            ? Key is null ? $"there is no private key in it; name its file by {KeyOption}" : "there is no private key in it"
            : isEncrypted && !hasPassword ? $"the key is encrypted; name a file with its password by {PasswordOption}"
            : !isEncrypted && hasPassword ? $"the key is not encrypted; leave out {PasswordOption}"
            : null;
        if (fault is not null)
        {
            throw new IOException($"{path}: {fault}");
        }
    }

    private X509Certificate2Collection ReadPkcs12(string? password)
    {
        RequireShort(Certificate);
        X509Certificate2Collection all = X509CertificateLoader.LoadPkcs12CollectionFromFile(Certificate, password);
        X509Certificate2 own = all.FirstOrDefault(static one => one.HasPrivateKey)
            ?? throw new IOException($"{Certificate} has no certificate with a private key");
        all.Remove(own);
        all.Insert(0, own);
        return all;
    }

    private static string ReadText(string path)
    {
        RequireShort(path);
        return File.ReadAllText(path);
    }

    private static void RequireShort(string path)
    {
        if (Behind(path).Length > MaxLength)
        {
            throw new IOException($"{path} is longer than {MaxLength:N0} bytes, which no certificate is");
        }
    }

    private static (long Length, DateTime Written) StampOf(string? path)
    {
        FileInfo? file = path is null ? null : Behind(path);
        return file is { Exists: true } ? (file.Length, file.LastWriteTimeUtc) : default;
    }

    /// <summary>
    /// The file that a path leads to: length and time of a link are its own, and it stays when what it leads to is another certificate.
    /// </summary>
    private static FileInfo Behind(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new FileInfo(path); // nothing is there, or links without an end: whoever reads it says so
        }
    }
}

/// <summary>Lengths and times of a certificate's files.</summary>
internal readonly record struct CertificateStamp(
    (long Length, DateTime Written) Certificate, (long Length, DateTime Written) Key, (long Length, DateTime Written) Password);
