using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Tls;

/// <summary>
/// What the server shows to those who connect encrypted: a certificate from files, read anew when they change, as tools that renew
/// certificates change them. Files that cannot be read, or not yet, leave what was there.
/// </summary>
internal sealed class ServerCertificate : IDisposable
{
    /// <summary>How often the files are looked at: certificates are renewed days before they end.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(10);

    /// <summary>How long before its end a certificate is warned of.</summary>
    private static readonly TimeSpan WarnBefore = TimeSpan.FromDays(7);

    private readonly CertificateFiles _files;
    private readonly ILogger _log;
    private readonly TimeSpan _interval;
    private readonly Timer _timer;
    private SslStreamCertificateContext _context;
    private CertificateStamp _read; // of the files as they were last read, well or not

    /// <param name="files">Where it lies.</param>
    /// <param name="log">Told of changes, and of a certificate that ends.</param>
    /// <param name="interval">How often to look; null for the usual.</param>
    /// <exception cref="IOException">The files cannot be used; the message says why.</exception>
    public ServerCertificate(CertificateFiles files, ILogger log, TimeSpan? interval = null)
    {
        _files = files;
        _log = log;
        _interval = interval ?? LookInterval;
        _read = files.Look();
        _context = Read();
        _timer = new Timer(static self => ((ServerCertificate)self!).Look(), this, _interval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The certificate as it is now.</summary>
    public SslStreamCertificateContext Context => Volatile.Read(ref _context);

    /// <summary>Encrypts a stream by TLS 1.2 or 1.3, as the server.</summary>
    /// <param name="stream">The encrypted stream's own from now on.</param>
    /// <param name="cancellation">Ends a handshake that takes too long.</param>
    /// <exception cref="AuthenticationException">The client and the server do not agree.</exception>
    public ValueTask<Stream> EncryptAsync(Stream stream, CancellationToken cancellation) => EncryptAsync(stream, null, cancellation);

    /// <summary>Encrypts a stream of HTTP as the server: by HTTP/2 where the client offers that (ALPN), else by HTTP/1.1.</summary>
    /// <inheritdoc cref="EncryptAsync(Stream, CancellationToken)"/>
    public ValueTask<Stream> EncryptHttpAsync(Stream stream, CancellationToken cancellation) =>
        EncryptAsync(stream, [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11], cancellation);

    private async ValueTask<Stream> EncryptAsync(Stream stream, List<SslApplicationProtocol>? protocols, CancellationToken cancellation)
    {
        SslStream encrypted = new(stream);
        try
        {
            SslServerAuthenticationOptions options = new()
            {
                ServerCertificateContext = Context,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                AllowRenegotiation = false,
                ApplicationProtocols = protocols, // an offer of others alone is refused, as RFC 7301, section 3.2 has it
            };
            await encrypted.AuthenticateAsServerAsync(options, cancellation).ConfigureAwait(false);
            return encrypted;
        }
        catch
        {
            await encrypted.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        try
        {
            CertificateStamp stamp = _files.Look();
            if (stamp != _read)
            {
                _read = stamp;
                Volatile.Write(ref _context, Read());
                Log.CertificateRead(_log, _files.Certificate);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Log.CertificateNotRead(_log, exception.Message);
        }
        finally
        {
            try
            {
                _timer.Change(_interval, Timeout.InfiniteTimeSpan);
            }
            catch (ObjectDisposedException)
            {
                // the server ends
            }
        }
    }

    private SslStreamCertificateContext Read()
    {
        X509Certificate2Collection all = _files.Read();
        X509Certificate2 own = all[0];
        all.RemoveAt(0);
        DateTime now = DateTime.UtcNow;
        DateTime from = own.NotBefore.ToUniversalTime();
        DateTime to = own.NotAfter.ToUniversalTime();
        if (now < from || now > to - WarnBefore)
        {
            Log.CertificateEnds(_log, _files.Certificate, from, to);
        }

        return SslStreamCertificateContext.Create(own, all, offline: true);
    }
}
