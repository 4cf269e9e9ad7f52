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

        X509Certificate2 own = password is null
            ? X509Certificate2.CreateFromPem(text, key)
            : X509Certificate2.CreateFromEncryptedPem(text, key, password);
        if (OperatingSystem.IsWindows())
        {
            own = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null); // its TLS takes no key that is only in memory
        }

        all[0] = own;
        return all;
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
