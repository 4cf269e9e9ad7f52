using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
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
    private readonly TimeProvider _clock;
    private readonly Timer _timer;
    private SslStreamCertificateContext _context;
    private CertificateStamp _read; // of the files that it was read from
    private string? _fault; // why they cannot be read as they are now, as it was told
    private DateTime _from;
    private DateTime _to;
    private Validity _told;

    /// <param name="files">Where it lies.</param>
    /// <param name="log">Told of changes, and of a certificate that ends.</param>
    /// <param name="interval">How often to look; null for the usual.</param>
    /// <param name="clock">Says when a certificate ends; null for the system's.</param>
    /// <exception cref="IOException">The files cannot be used; the message says why.</exception>
    public ServerCertificate(CertificateFiles files, ILogger log, TimeSpan? interval = null, TimeProvider? clock = null)
    {
        _files = files;
        _log = log;
        _interval = interval ?? LookInterval;
        _clock = clock ?? TimeProvider.System;
        _read = files.Look();
        _context = Read();
        TellValidity();
        _timer = new Timer(static self => ((ServerCertificate)self!).Look(), this, _interval, Timeout.InfiniteTimeSpan);
    }

    private enum Validity
    {
        /// <summary>Clients take it, and will for a while.</summary>
        Good,

        /// <summary>It ends soon, or has not begun.</summary>
        Doubtful,

        /// <summary>It has ended.</summary>
        Over,
    }

    /// <summary>The certificate as it is now.</summary>
    public SslStreamCertificateContext Context => Volatile.Read(ref _context);

    /// <summary>How a connection is encrypted, as the server: by TLS 1.2 or 1.3.</summary>
    public SslServerAuthenticationOptions ToOptions() => ToOptions(null);

    /// <summary>The same for HTTP: HTTP/2 where the client offers that (ALPN), else HTTP/1.1.</summary>
    public SslServerAuthenticationOptions ToHttpOptions() => ToOptions([SslApplicationProtocol.Http2, SslApplicationProtocol.Http11]);

    private SslServerAuthenticationOptions ToOptions(List<SslApplicationProtocol>? protocols) => new()
    {
        ServerCertificateContext = Context,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
        ApplicationProtocols = protocols, // an offer of others alone is refused, as RFC 7301, section 3.2 has it
    };

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        ReadWhenChanged();
        TellValidity();
        try
        {
            _timer.Change(_interval, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // the server ends
        }
    }

    /// <summary>
    /// Reads files that are others than those that were read well last. What cannot be read is tried each time, since what mends it may
    /// change neither length nor time (chmod), and told once for each reason.
    /// </summary>
    private void ReadWhenChanged()
    {
        try
        {
            CertificateStamp stamp = _files.Look();
            if (stamp != _read)
            {
                Volatile.Write(ref _context, Read());
                _read = stamp;
                Log.CertificateRead(_log, _files.Certificate);
            }

            _fault = null;
        }
        catch (Exception exception) // what leaves a timer ends the process
        {
            if (exception.Message != _fault)
            {
                _fault = exception.Message;
                Log.CertificateNotRead(_log, exception.Message);
            }
        }
    }

    /// <summary>Warns of the certificate that is shown, once when its end is near and once when it is there.</summary>
    private void TellValidity()
    {
        DateTime now = _clock.GetUtcNow().UtcDateTime;
        Validity validity = now > _to ? Validity.Over : now < _from || now > _to - WarnBefore ? Validity.Doubtful : Validity.Good;
        if (validity > _told)
        {
            Log.CertificateEnds(_log, _files.Certificate, _from, _to);
        }

        _told = validity;
    }

    private SslStreamCertificateContext Read()
    {
        X509Certificate2Collection all = _files.Read();
        X509Certificate2 own = all[0];
        all.RemoveAt(0);
        try
        {
            SslStreamCertificateContext context = SslStreamCertificateContext.Create(own, all, offline: true);
            (_from, _to, _told) = (own.NotBefore.ToUniversalTime(), own.NotAfter.ToUniversalTime(), Validity.Good);
            return context;
        }
        catch (Exception exception) when (exception is NotSupportedException or CryptographicException)
        {
            throw new IOException($"certificate {_files.Certificate} has no key that TLS can sign with: {exception.Message}", exception);
        }
    }
}
