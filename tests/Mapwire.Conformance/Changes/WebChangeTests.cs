using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Native;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Changes;

/// <summary>
/// A film's file is changed, or its storage fails, under 50 viewers of each protocol of HTTP on one worker. Each gets the old film, to its
/// end or to a cut inside of what was announced, and never another byte; 50 viewers of another film get all of it.
/// </summary>
/// <remarks>
/// Long runs go by sendfile, which hands the socket pages and not bytes (docs/adr/0004-the-file-system-is-the-catalog.md): what lies in a
/// viewer's own socket when the film is written over becomes other bytes there, on one machine even behind the wire. That cannot be taken
/// back and is allowed for; what the server's socket still holds is dropped.
/// </remarks>
public sealed class WebChangeTests
{
    private const int Viewers = 50;

    /// <summary>What a viewer has read when the change comes: sockets hold some MB behind it, and the film has more.</summary>
    private const int ReadBefore = 32 * 1024;

    /// <summary>What a viewer's socket and the server's hold together, at most: 64 KiB each, of which the system makes twice as much.
    /// </summary>
    private const int MaxInSockets = 256 * 1024;

    /// <summary>What one send copies while the file is being written over, between the look at it and the copy.</summary>
    private const int MaxCopied = 16 * 1024;

    /// <summary>How often the server looks after what a full socket holds, and a while.</summary>
    private static readonly TimeSpan LookTime = TimeSpan.FromSeconds(1.5);

    private static readonly string[] Ways =
    [
        "", "/v1a1-1.m4s", "/v1-1.m4s", "/stream.mp4", "/clip.mp4?start=0&end=3600", "/stream.flv?buffer=86400",
        "ws/stream.flv?buffer=86400",
    ];

    [Fact]
    public Task Truncated() => ChangeAsync(static path => SetLength(path, 4096), mayPlayOn: false);

    [Fact]
    public Task Overwritten_in_place() => ChangeAsync(
        static path =>
        {
            byte[] noise = new byte[new FileInfo(path).Length];
            new Random(7).NextBytes(noise);
            using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            file.Write(noise);
        },
        mayPlayOn: false);

    [Fact]
    public async Task Not_in_memory()
    {
        string folder = TemporaryFolder.Create("web-cold");
        string film = await FilmAsync(6);
        File.Copy(film, Path.Combine(folder, "film.mp4"));
        File.Copy(film, Path.Combine(folder, "cold.mp4"));
        await using MapwireServer server = await StartAsync(folder);
        string path = Path.Combine(folder, "cold.mp4");
        await Tool.SucceedAsync(MapwireServer.Program, ["pages", "--evict", path]);
        await PlayAsync(
            server, "cold.mp4", () => Tool.SucceedAsync(MapwireServer.Program, ["pages", "--evict", path]), mayPlayOn: true, seconds: 2);
    }

    [Fact]
    public Task Replaced() => ChangeAsync(
        static path =>
        {
            File.WriteAllBytes(path + ".new", new byte[1_000_000]);
            File.Move(path + ".new", path, overwrite: true);
        },
        mayPlayOn: true);

    [Fact]
    public Task Deleted() => ChangeAsync(File.Delete, mayPlayOn: true);

    [Theory]
    [InlineData("eio", 2)]
    [InlineData("dead", 2)]
    [InlineData("hang", 4)]
    public async Task Storage_that_fails_ends_its_viewers(string word, int seconds)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && SlowFolder.IsPossible, "There is no /dev/fuse here that may be opened.");
        string films = TemporaryFolder.Create("web-films");
        string folder = TemporaryFolder.Create("web-failing");
        string film = await FilmAsync(24);
        File.Copy(film, Path.Combine(films, "film.mp4"));
        File.Copy(film, Path.Combine(folder, "film.mp4"));
        await using SlowFolder storage =
            await SlowFolder.MountAsync(films, Directory.CreateDirectory(Path.Combine(folder, "slow")).FullName);
        await using MapwireServer server = await StartAsync(folder, "--storage-timeout", "2");
        try
        {
            await PlayAsync(server, "slow/film.mp4", () => storage.SayAsync(word), mayPlayOn: false, seconds);
            Assert.Contains("the file can no longer be read", server.Process.Said, StringComparison.Ordinal);
        }
        finally
        {
            await storage.SayAsync("ok"); // a server that hangs in a read cannot end
        }
    }

    private static async Task ChangeAsync(Action<string> change, bool mayPlayOn)
    {
        string folder = TemporaryFolder.Create("web-change");
        string path = Path.Combine(folder, "changed.mp4");
        string film = await FilmAsync(6);
        File.Copy(film, path);
        File.Copy(film, Path.Combine(folder, "film.mp4"));
        await using MapwireServer server = await StartAsync(folder);
        await PlayAsync(
            server, "changed.mp4",
            () =>
            {
                change(path);
                return Task.CompletedTask;
            },
            mayPlayOn, seconds: 2, isWritten: !mayPlayOn);
        if (!mayPlayOn)
        {
            Assert.Contains("ended: the file changed", server.Process.Said, StringComparison.Ordinal);
        }
    }

    /// <summary>Has both films watched, changes one, and looks what came of it.</summary>
    private static async Task PlayAsync(
        MapwireServer server, string name, Func<Task> change, bool mayPlayOn, int seconds, bool isWritten = false)
    {
        Dictionary<string, byte[]> whole = [];
        foreach (string way in Ways)
        {
            using WebViewer one = await WebViewer.AskAsync(server, "film.mp4", way);
            whole[way] = await one.ReadAllAsync();
            Assert.True(whole[way].Length > 4_000_000, $"{way} has {whole[way].Length} bytes, which sockets hold");
        }

        List<WebViewer> losing = [];
        List<WebViewer> good = [];
        for (int i = 0; i < Viewers; i++)
        {
            foreach (string way in Ways)
            {
                losing.Add(await WebViewer.AskAsync(server, name, way));
            }

            good.Add(await WebViewer.AskAsync(server, "film.mp4", Ways[i % Ways.Length]));
        }

        await Task.WhenAll(losing.Concat(good).Select(viewer => viewer.CompareAsync(whole[viewer.Way], ReadBefore)));
        await QuietAsync(losing); // what is sent in the very moment of a change may be of either film
        losing.ForEach(static viewer => viewer.NoteHeld());
        await change();
        DateTime changed = DateTime.UtcNow;
        Task goodRest = Task.WhenAll(good.Select(viewer => viewer.CompareAsync(whole[viewer.Way], int.MaxValue)));
        Stopwatch clock = Stopwatch.StartNew();
        await Task.WhenAll(losing.Select(async (viewer, index) =>
        {
            if (!mayPlayOn && IsLate(index))
            {
                await Task.Delay(LookTime);
            }

            await viewer.CompareAsync(whole[viewer.Way], int.MaxValue);
        }));
        TimeSpan taken = clock.Elapsed;
        for (int i = 0; i < losing.Count; i++)
        {
            WebViewer viewer = losing[i];
            int length = whole[viewer.Way].Length;
            string what = $"{viewer.Way}: {viewer.Came} bytes and {viewer.Others} others of {length}, {viewer.Held} in its socket";
            Assert.True(mayPlayOn ? viewer.Came == length : viewer.Came + viewer.Others < length, what);
            int mayBeOthers = mayPlayOn || !isWritten ? 0
                : !viewer.IsByReference ? MaxCopied
                : IsLate(i) ? viewer.Held : MaxInSockets;
            Assert.True(viewer.Others <= mayBeOthers, what);
            int mayCome = isWritten && viewer.IsByReference && IsLate(i) ? ReadBefore + viewer.Slack : int.MaxValue;
            Assert.True(viewer.Came + viewer.Others <= mayCome, what);
            Assert.True(mayPlayOn || !viewer.IsByReference || viewer.IsReset, what + ", and an end as of a whole");
        }

        if (!mayPlayOn)
        {
            int least = losing.Count(static viewer => !viewer.IsFramed); // to the others it is said in a frame, where there is room for one
            Regex closed = new(@"^(\S+) info: \S+ close: SourceLost", RegexOptions.Multiline);
            Match[] ends = [];
            for (int i = 0; i < 50 && ends.Length < least; i++)
            {
                await Task.Delay(100); // the log is written behind the connection's end
                ends = closed.Matches(server.Process.Said).ToArray();
            }

            Assert.InRange(ends.Length, least, losing.Count);
            TimeSpan last = ends.Max(static end => DateTime.Parse(
                end.Groups[1].Value, null, DateTimeStyles.AdjustToUniversal)) - changed;
            Assert.InRange(last.TotalSeconds, 0, seconds);
        }

        await goodRest;
        Assert.All(good, viewer => Assert.True(
            viewer.Others == 0 && viewer.Came == whole[viewer.Way].Length, $"{viewer.Way} of the other film: {viewer.Came} bytes"));

        // 350 viewers that read all that their sockets hold take their time on two busy cores.
        Assert.InRange(taken.TotalSeconds, 0, mayPlayOn ? 600 : seconds + 3);
        losing.ForEach(static viewer => viewer.Dispose());
        good.ForEach(static viewer => viewer.Dispose());
        Assert.DoesNotContain("unhandled exception", server.Process.Said, StringComparison.Ordinal);
    }

    private static Task<MapwireServer> StartAsync(string folder, params string[] options) => MapwireServer.StartAsync(
        folder, ["--workers", "1", "--segment-duration", "300", "--max-address-connects", "0", "--send-buffer", "65536", .. options]);

    /// <summary>Waits until sockets are full, and nothing is sent any more.</summary>
    private static async Task QuietAsync(List<WebViewer> viewers)
    {
        long before = -1;
        for (int quiet = 0, i = 0; quiet < 10 && i < 300; i++)
        {
            await Task.Delay(100);
            long held = viewers.Sum(static viewer => (long)viewer.Available);
            quiet = held == before ? quiet + 1 : 0;
            before = held;
        }
    }

    /// <summary>Whether a viewer reads nothing for a while after the change: half of those of each way.</summary>
    private static bool IsLate(int index) => index / Ways.Length % 2 == 1;

    /// <summary>A film of ten seconds, of more bytes than sockets have, and of 24 MB more than is read ahead.</summary>
    private static async Task<string> FilmAsync(int megabytes)
    {
        string path = Path.Combine(TemporaryFolder.Create("web-large"), "film.mp4");
        string rate = string.Create(CultureInfo.InvariantCulture, $"{megabytes * 800}k");
        await FilmFactory.EncodeAsync(
            "-f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=440 -t 10 -vf noise=alls=60:allf=t -c:v libx264 -preset ultrafast "
            + $"-g 50 -pix_fmt yuv420p -b:v {rate} -minrate {rate} -maxrate {rate} -bufsize {rate} -x264-params nal-hrd=cbr:force-cfr=1 "
            + "-c:a aac -b:a 64k -movflags faststart",
            path);
        return path;
    }

    private static void SetLength(string path, long length)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(length);
    }

    /// <summary>A connection that reads when it is told to.</summary>
    private sealed class WebViewer : IDisposable
    {
        private readonly Socket _socket;
        private int _readAhead;

        private WebViewer(Socket socket, string way) => (_socket, Way) = (socket, way);

        public string Way { get; }

        public bool IsFramed => Way.StartsWith("ws", StringComparison.Ordinal);

        public static async Task<WebViewer> AskAsync(MapwireServer server, string name, string way)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 32 * 1024 };
            await socket.ConnectAsync(IPAddress.Loopback, server.HttpPort);
            bool isFramed = way.StartsWith("ws", StringComparison.Ordinal);
            string head = $"GET /vod/{name}{(isFramed ? way[2..] : way)} HTTP/1.1\r\nHost: h\r\n"
                + (isFramed
                    ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    : "Connection: close\r\n");
            await socket.SendAsync(Encoding.ASCII.GetBytes(head + "\r\n"));
            WebViewer viewer = new(socket, way);
            StringBuilder answer = new();
            byte[] one = new byte[1];
            while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(one) == 1)
            {
                answer.Append((char)one[0]);
            }

            Assert.StartsWith(isFramed ? "HTTP/1.1 101" : "HTTP/1.1 200", answer.ToString(), StringComparison.Ordinal);
            return viewer;
        }

        /// <summary>Bytes that came and were as expected.</summary>
        public int Came { get; private set; }

        /// <summary>Bytes that came from the first on that is another one; a frame that says why all ends is none.</summary>
        public int Others { get; private set; }

        /// <summary>Whether it ended by a reset.</summary>
        public bool IsReset { get; private set; }

        /// <summary>What had come and was not read when the change came.</summary>
        public int Held { get; private set; }

        /// <summary>What may come behind <see cref="ReadBefore"/> of what the change found in the viewer's socket.</summary>
        public int Slack => Held + _readAhead;

        /// <summary>Whether sockets hold pages of its film, and no copies.</summary>
        public bool IsByReference => !Way.Contains("flv", StringComparison.Ordinal);

        /// <summary>What has come and was not read.</summary>
        public int Available => _socket.Available;

        public void NoteHeld() => (Held, _readAhead) = (Available, Came - ReadBefore);

        /// <summary>All of it.</summary>
        public async Task<byte[]> ReadAllAsync()
        {
            MemoryStream bytes = new();
            byte[] buffer = new byte[64 * 1024];
            for (int count; (count = await _socket.ReceiveAsync(buffer)) > 0;)
            {
                bytes.Write(buffer, 0, count);
            }

            return bytes.ToArray();
        }

        /// <summary>Reads on, up to so many bytes or the end, however it comes.</summary>
        public async Task CompareAsync(byte[] expected, int most)
        {
            byte[] buffer = new byte[32 * 1024];
            try
            {
                while (Came < most)
                {
                    int count = await _socket.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(120));
                    if (count == 0)
                    {
                        break;
                    }

                    int same = expected.AsSpan(Math.Min(Came, expected.Length)).CommonPrefixLength(buffer.AsSpan(0, count));
                    same = Others > 0 ? 0 : same;
                    Came += same;
                    if (same < count && IsFramed && buffer[same] == 0x88)
                    {
                        break; // a close frame, which says why
                    }

                    Others += count - same;
                }
            }
            catch (SocketException exception)
            {
                IsReset = exception.SocketErrorCode == SocketError.ConnectionReset;
            }
        }

        public void Dispose() => _socket.Dispose();
    }
}
