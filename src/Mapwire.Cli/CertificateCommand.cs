using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Mapwire.Cli;

/// <summary><c>mapwire certificate [DIR]</c>: makes a self-signed certificate for trying encrypted connections.</summary>
internal static class CertificateCommand
{
    /// <summary>Days that it is valid: browsers take at most 398.</summary>
    private const int ValidDays = 397;

    private const string TlsServer = "1.3.6.1.5.5.7.3.1"; // id-kp-serverAuth of RFC 5280

    /// <summary>The subcommand.</summary>
    public static Command Create()
    {
        Argument<string> folder = new("DIR")
        {
            Description = "Where cert.pem and key.pem are written, made where it is missing; the current folder when left out.",
            DefaultValueFactory = static _ => ".",
        };
        Option<string[]> hosts = new("--host")
        {
            Description = "A name or address that clients connect to, once or more, besides localhost and this machine's name.",
            HelpName = "HOST",
            DefaultValueFactory = static _ => [],
        };
        Command command = new("certificate", "Makes a self-signed certificate for trying: clients have to be told to trust it.")
        {
            folder, hosts,
        };
        command.SetAction(parsed => Make(parsed.GetValue(folder)!, parsed.GetValue(hosts)!));
        return command;
    }

    private static int Make(string folder, string[] hosts)
    {
        string certificatePath = Path.Combine(folder, "cert.pem");
        string keyPath = Path.Combine(folder, "key.pem");
        if (hosts.FirstOrDefault(static host => Uri.CheckHostName(host) == UriHostNameType.Unknown) is { } wrong)
        {
            return ExitCode.Misuse($"--host must be a name or an address (was '{wrong}')");
        }

        if (folder.Length == 0)
        {
            return ExitCode.Misuse("DIR must name a folder (was '')");
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = SignItself(key, hosts);
        try
        {
            Directory.CreateDirectory(folder);
            // The key first, for nobody else to read: a file of that name that is there already stays as it is.
            Write(keyPath, key.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            try
            {
                Write(certificatePath, certificate.ExportCertificatePem(),
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }
            catch
            {
                File.Delete(keyPath); // made a moment ago, and of no use
                throw;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return ExitCode.Fail(exception.Message);
        }

        Output.TryWriteLine($"{certificatePath} and {keyPath}, valid to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}");
        Output.TryWriteLine($"SHA-256 fingerprint {certificate.GetCertHashString(HashAlgorithmName.SHA256)}");
        Output.TryWriteLine($"Try: mapwire serve --rtmps 0.0.0.0:1936 --certificate {certificatePath} --key {keyPath}");
        return ExitCode.Success;
    }

    private static X509Certificate2 SignItself(ECDsa key, string[] hosts)
    {
        CertificateRequest request = new("CN=mapwire (self-signed)", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        string machine = Environment.MachineName;
        string[] known = Uri.CheckHostName(machine) == UriHostNameType.Dns ? ["localhost", machine] : ["localhost"];
        foreach (string host in hosts.Concat(known).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(host, out IPAddress? address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(host);
            }
        }

        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(TlsServer)], critical: false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddHours(-1), now.AddDays(ValidDays)); // clocks of clients may be behind
    }

    private static void Write(string path, string pem, UnixFileMode mode)
    {
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        using FileStream file = new(path, options);
        file.Write(Encoding.ASCII.GetBytes(pem + "\n"));
    }
}
