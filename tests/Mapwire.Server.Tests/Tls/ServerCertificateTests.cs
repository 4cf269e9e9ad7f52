using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Mapwire.Server.Tls;
using Xunit;

namespace Mapwire.Server.Tests.Tls;

public sealed class ServerCertificateTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLog _log = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cert.pem", "key.pem", null)]
    [InlineData("both.pem", null, null)]
    [InlineData("cert.pem", "locked.pem", "password.txt")]
    [InlineData("cert.pfx", null, null)]
    [InlineData("locked.pfx", null, "password.txt")]
    public async Task It_is_shown_from_every_kind_of_file(string certificate, string? key, string? password)
    {
        string thumbprint = TestCertificate.Write(_folder.Path);
        using ServerCertificate shown = new(Files(certificate, key, password), _log);
        Assert.Equal(thumbprint, await ShownAsync(shown, SslProtocols.Tls13));
        Assert.Equal(thumbprint, await ShownAsync(shown, SslProtocols.Tls12));
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void Those_that_vouch_for_it_are_sent_along()
    {
        string issuer = TestCertificate.WriteChain(_folder.Path);
        using ServerCertificate shown = new(Files("chain.pem", null, null), _log);
        Assert.Equal([issuer], shown.Context.IntermediateCertificates.Select(static one => one.Thumbprint));
    }

    [Fact]
    public async Task Older_protocols_are_refused()
    {
        TestCertificate.Write(_folder.Path);
        using ServerCertificate shown = new(Files("cert.pem", "key.pem", null), _log);
#pragma warning disable CA5397, SYSLIB0039 // this is what is refused
        await Assert.ThrowsAnyAsync<Exception>(() => ShownAsync(shown, SslProtocols.Tls11));
#pragma warning restore CA5397, SYSLIB0039
    }

    [Theory]
    [InlineData("missing.pem", "key.pem", null, "missing.pem")]
    [InlineData("cert.pem", "missing.pem", null, "missing.pem")]
    [InlineData("cert.pem", null, null, "cert.pem: there is no private key in it; name its file by --key")]
    [InlineData("cert.pem", "cert.pem", null, "cert.pem: there is no private key in it")]
    [InlineData("cert.pem", "other.pem", null, "the key does not belong to the certificate, or is damaged")]
    [InlineData("cert.pem", "legacy.pem", null, "'openssl pkcs8 -topk8")]
    [InlineData("cert.pem", "legacy.pem", "password.txt", "'openssl pkcs8 -topk8")]
    [InlineData("cert.pem", "key.pem", "password.txt", "the key is not encrypted; leave out --certificate-password")]
    [InlineData("cert.pem", "locked.pem", "wrong.txt", "or the password of --certificate-password is not its")]
    [InlineData("key.pem", "key.pem", null, "no certificate in PEM")]
    [InlineData("long.pem", "key.pem", null, "longer than")]
    [InlineData("cert.pem", "long.pem", null, "longer than")]
    [InlineData("long.pfx", null, null, "longer than")]
    [InlineData("locked.pfx", null, null, "locked.pfx")]
    [InlineData("cert.pem", "locked.pem", null, "the key is encrypted; name a file with its password by --certificate-password")]
    public void Files_that_cannot_be_used_are_named(string certificate, string? key, string? password, string told)
    {
        TestCertificate.Write(_folder.Path);
        File.Move(At("key.pem"), At("other.pem"));
        TestCertificate.Write(_folder.Path);
        File.WriteAllText(At("wrong.txt"), "sesame");
        File.WriteAllText( // as 'openssl ec -aes256' begins it
            At("legacy.pem"),
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n");
        File.WriteAllBytes(At("long.pem"), new byte[2_000_000]);
        File.WriteAllBytes(At("long.pfx"), new byte[2_000_000]);
        IOException refused = Assert.ThrowsAny<IOException>(() => new ServerCertificate(
            Files(certificate, key, password) with { KeyOption = "--key", PasswordOption = "--certificate-password" }, _log));
        Assert.Contains(told, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(TestCertificate.Password, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renewed_one_is_shown_from_then_on()
    {
        string before = TestCertificate.Write(_folder.Path);
        using ServerCertificate shown = new(Files("cert.pem", "key.pem", null), _log, TimeSpan.FromMilliseconds(20));
        Assert.Equal(before, await ShownAsync(shown, SslProtocols.Tls13));
        string after = TestCertificate.Write(_folder.Path);
        Touch();
        await UntilAsync(() => shown.Context.TargetCertificate.Thumbprint == after);
        Assert.Equal(after, await ShownAsync(shown, SslProtocols.Tls13));
        await UntilAsync(() => _log.Lines.Any(static line => line.Contains("cert.pem was read anew", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_one_before_stays_while_the_new_one_is_not_whole()
    {
        string before = TestCertificate.Write(_folder.Path);
        using ServerCertificate shown = new(Files("cert.pem", "key.pem", null), _log, TimeSpan.FromMilliseconds(20));
        await File.WriteAllTextAsync(At("key.pem"), "half of it", TestContext.Current.CancellationToken);
        Touch();
        await UntilAsync(() => _log.Lines.Any(static line => line.Contains("the one before it stays", StringComparison.Ordinal)));
        Assert.Equal(before, await ShownAsync(shown, SslProtocols.Tls13));
        await Task.Delay(100, TestContext.Current.CancellationToken); // a look between the writes above tells of each
        int told = _log.Lines.Count;
        await Task.Delay(200, TestContext.Current.CancellationToken);
        Assert.Equal(told, _log.Lines.Count); // once, not each time it is looked at
        string after = TestCertificate.Write(_folder.Path);
        Touch();
        await UntilAsync(() => shown.Context.TargetCertificate.Thumbprint == after);
    }

    [Fact]
    public async Task One_behind_links_is_read_anew_when_what_they_lead_to_is_another()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links take a privilege there.");
        TestCertificate.Write(_folder.Path);
        string one = Directory.CreateDirectory(At("one")).FullName;
        string two = Directory.CreateDirectory(At("two")).FullName;
        string before = TestCertificate.Write(one);
        string after = TestCertificate.Write(two);
        File.SetLastWriteTimeUtc(Path.Combine(two, "cert.pem"), DateTime.UtcNow.AddSeconds(-1000));
        Directory.CreateSymbolicLink(At("now"), "one"); // as secrets are mounted in containers: the links to the files stay
        foreach (string name in (string[])["cert.pem", "key.pem"])
        {
            File.Delete(At(name));
            File.CreateSymbolicLink(At(name), Path.Combine("now", name));
        }

        using ServerCertificate shown = new(Files("cert.pem", "key.pem", null), _log, TimeSpan.FromMilliseconds(20));
        Assert.Equal(before, shown.Context.TargetCertificate.Thumbprint);
        Directory.Delete(At("now"));
        Directory.CreateSymbolicLink(At("now"), "two");
        await UntilAsync(() => shown.Context.TargetCertificate.Thumbprint == after);
    }

    [Fact]
    public async Task One_behind_a_link_to_a_link_is_read_anew_when_it_is_written_anew()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links take a privilege there.");
        string real = Directory.CreateDirectory(At("real")).FullName;
        string before = TestCertificate.Write(real);
        foreach (string name in (string[])["cert.pem", "key.pem"])
        {
            File.CreateSymbolicLink(At("middle-" + name), Path.Combine("real", name));
            File.CreateSymbolicLink(At("first-" + name), "middle-" + name);
        }

        using ServerCertificate shown = new(Files("first-cert.pem", "first-key.pem", null), _log, TimeSpan.FromMilliseconds(20));
        Assert.Equal(before, shown.Context.TargetCertificate.Thumbprint);
        string after = TestCertificate.Write(real);
        await UntilAsync(() => shown.Context.TargetCertificate.Thumbprint == after);
    }

    [Fact]
    public async Task One_whose_key_signs_nothing_leaves_the_one_before_and_the_server_running()
    {
        string before = TestCertificate.Write(_folder.Path);
        using ServerCertificate shown = new(Files("both.pem", null, null), _log, TimeSpan.FromMilliseconds(20));
        TestCertificate.WriteForAgreement(At("agreement.pem"));
        File.Move(At("agreement.pem"), At("both.pem"), overwrite: true);
        await UntilAsync(() => _log.Lines.Any(static line => line.Contains("the one before it stays", StringComparison.Ordinal)));
        Assert.Equal(before, await ShownAsync(shown, SslProtocols.Tls13));
        IOException refused = Assert.ThrowsAny<IOException>(() => new ServerCertificate(Files("both.pem", null, null), _log));
        Assert.Contains("both.pem", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(30, false)]
    [InlineData(5, true)]
    [InlineData(-1, true)]
    public void One_that_ends_soon_is_warned_of(int days, bool warns)
    {
        TestCertificate.Write(_folder.Path, days);
        using ServerCertificate shown = new(Files("cert.pem", "key.pem", null), _log);
        Assert.Equal(warns, _log.Lines.Any(static line => line.Contains("is valid from", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task One_that_ends_while_the_server_runs_is_warned_of_before_and_when_it_has_ended()
    {
        TestCertificate.Write(_folder.Path, days: 30);
        SetClock clock = new();
        using ServerCertificate shown = new(Files("cert.pem", "key.pem", null), _log, TimeSpan.FromMilliseconds(10), clock);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.Empty(_log.Lines);
        for (int told = 1; told <= 2; told++)
        {
            clock.Ahead = TimeSpan.FromDays(told == 1 ? 24 : 31);
            await UntilAsync(() => _log.Lines.Count == told);
            await Task.Delay(100, TestContext.Current.CancellationToken);
            Assert.Equal(told, _log.Lines.Count(static line => line.Contains("is valid from", StringComparison.Ordinal)));
        }

        TestCertificate.Write(_folder.Path, days: 33); // a renewed one that ends soon as well
        Touch();
        await UntilAsync(() => _log.Lines.Count(static line => line.Contains("is valid from", StringComparison.Ordinal)) >= 3);
    }

    [Fact]
    public async Task One_that_could_not_be_read_is_read_when_that_is_mended_without_another_length_or_time()
    {
        string before = TestCertificate.Write(_folder.Path);
        using ServerCertificate shown = new(Files("both.pem", null, null), _log, TimeSpan.FromMilliseconds(10));
        string after = TestCertificate.Write(Directory.CreateDirectory(At("new")).FullName);
        byte[] whole = await File.ReadAllBytesAsync(Path.Combine(At("new"), "both.pem"), TestContext.Current.CancellationToken);
        byte[] broken = [.. whole];
        broken.AsSpan(whole.Length / 2).Fill((byte)'\n');
        Replace(broken);
        await UntilAsync(() => !_log.Lines.IsEmpty);
        Assert.Equal(before, shown.Context.TargetCertificate.Thumbprint);
        Replace(whole); // as chmod would let it be read: neither changes
        await UntilAsync(() => shown.Context.TargetCertificate.Thumbprint == after);
        Assert.Single(_log.Lines, static line => line.Contains("the one before it stays", StringComparison.Ordinal));

        void Replace(byte[] bytes)
        {
            File.WriteAllBytes(At("next.pem"), bytes);
            File.SetLastWriteTimeUtc(At("next.pem"), new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
            File.Move(At("next.pem"), At("both.pem"), overwrite: true);
        }
    }

    private sealed class SetClock : TimeProvider
    {
        private long _ahead;

        public TimeSpan Ahead
        {
            get => new(Volatile.Read(ref _ahead));
            set => Volatile.Write(ref _ahead, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }

    private string At(string name) => Path.Combine(_folder.Path, name);

    private CertificateFiles Files(string certificate, string? key, string? password) =>
        new(At(certificate), key is null ? null : At(key), password is null ? null : At(password));

    /// <summary>File systems whose times are coarse may give two writes the same.</summary>
    private void Touch()
    {
        File.SetLastWriteTimeUtc(At("cert.pem"), DateTime.UtcNow.AddSeconds(Random.Shared.Next(1, 1_000_000)));
        File.SetLastWriteTimeUtc(At("key.pem"), DateTime.UtcNow.AddSeconds(Random.Shared.Next(1, 1_000_000)));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        using CancellationTokenSource timeout = new(Patience);
        while (!holds())
        {
            await Task.Delay(10, timeout.Token);
        }
    }

    private static async Task<string> ShownAsync(ServerCertificate certificate, SslProtocols protocol)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using TcpClient client = new();
        Task<TcpClient> accepting = listener.AcceptTcpClientAsync();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using TcpClient server = await accepting;
        using CancellationTokenSource timeout = new(Patience);
        await using SslStream encrypted = new(server.GetStream());
        Task encrypting = encrypted.AuthenticateAsServerAsync(certificate.ToOptions(), timeout.Token);
        string? thumbprint = null;
        await using SslStream stream = new(client.GetStream(), false, (_, seen, _, _) =>
        {
            thumbprint = (seen as X509Certificate2)?.Thumbprint;
            return thumbprint is not null; // which one it is, the test compares
        });
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = protocol }, timeout.Token);
        await encrypting;
        return thumbprint!;
    }
}
