using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mapwire.Server.Tests.Tls;

/// <summary>A self-signed certificate in all the ways in which operators have one in files.</summary>
internal static class TestCertificate
{
    public const string Password = "open sesame";

    /// <summary>Writes <c>cert.pem</c> and <c>key.pem</c>, <c>both.pem</c>, <c>locked.pem</c>, <c>cert.pfx</c>, <c>locked.pfx</c> and
    /// <c>password.txt</c>.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="days">For how long it is valid.</param>
    /// <returns>Its thumbprint.</returns>
    public static string Write(string folder, int days = 30)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-90), DateTimeOffset.UtcNow.AddDays(days));
        PbeParameters encryption = new(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000);
        string certificate = made.ExportCertificatePem() + "\n";
        string plainKey = key.ExportPkcs8PrivateKeyPem() + "\n";
        File.WriteAllText(Path.Combine(folder, "cert.pem"), certificate);
        File.WriteAllText(Path.Combine(folder, "key.pem"), plainKey);
        File.WriteAllText(Path.Combine(folder, "both.pem"), certificate + plainKey);
        File.WriteAllText(Path.Combine(folder, "locked.pem"), key.ExportEncryptedPkcs8PrivateKeyPem(Password, encryption));
        File.WriteAllBytes(Path.Combine(folder, "cert.pfx"), made.Export(X509ContentType.Pkcs12));
        File.WriteAllBytes(Path.Combine(folder, "locked.pfx"), made.Export(X509ContentType.Pkcs12, Password));
        File.WriteAllText(Path.Combine(folder, "password.txt"), Password + "\r\nand a remark\r\n");
        return made.Thumbprint;
    }

    /// <summary>Writes <c>chain.pem</c>: a certificate, its key, and the issuer between it and a root.</summary>
    /// <returns>The issuer's thumbprint.</returns>
    public static string WriteChain(string folder)
    {
        DateTimeOffset from = DateTimeOffset.UtcNow.AddDays(-1);
        DateTimeOffset to = DateTimeOffset.UtcNow.AddDays(30);
        using ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 root = Request("CN=root", rootKey, isIssuer: true).CreateSelfSigned(from, to);
        using X509Certificate2 issuer = Request("CN=issuer", issuerKey, isIssuer: true).Create(root, from, to.AddDays(-1), [1]);
        using X509Certificate2 signing = issuer.CopyWithPrivateKey(issuerKey);
        using X509Certificate2 own = Request("CN=localhost", key, isIssuer: false).Create(signing, from, to.AddDays(-2), [2]);
        File.WriteAllText(Path.Combine(folder, "chain.pem"),
            $"{own.ExportCertificatePem()}\n{issuer.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        return issuer.Thumbprint;
    }

    /// <summary>Writes a certificate and its key, which may only be used to agree on other keys: no TLS of today can show it.</summary>
    public static void WriteForAgreement(string path)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = Request("CN=localhost", key, isIssuer: false);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyAgreement, critical: true));
        using X509Certificate2 made = request.Create(
            request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow.AddDays(30), [3]);
        File.WriteAllText(path, $"{made.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
    }

    private static CertificateRequest Request(string subject, ECDsa key, bool isIssuer)
    {
        CertificateRequest request = new(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isIssuer, false, 0, critical: true));
        return request;
    }
}
