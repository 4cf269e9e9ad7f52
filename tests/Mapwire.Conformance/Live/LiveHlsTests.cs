using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;
using Mapwire.PlaylistRules;
using static Mapwire.Conformance.Live.Publishing;

namespace Mapwire.Conformance.Live;

/// <summary>
/// The playlists of a live stream keep the MUST lines of RFC 8216 and of draft-pantos-hls-rfc8216bis at every reload, and what they hint
/// comes.
/// </summary>
public sealed partial class LiveHlsTests
{
    private const string Name = "live/cam";

    private static readonly HttpClient Client = new();

    [Theory]
    [InlineData]
    [InlineData("--live-part-duration", "0.2")]
    [InlineData("--live-part-duration", "0.2", "--live-segment-duration", "1", "--http-fast-lane", "off")]
    public async Task Each_reload_of_a_live_playlist_keeps_the_rules(params string[] options)
    {
        string film = await LiveFilms.GetAsync();
        await using MapwireServer server = await StartAsync(options);
        Task publishing = PublishAsync(server, film, Name);
        await WaitForLogAsync(server, $"publish {Name}");
        Follower[] followers = await FollowAsync(server);
        await publishing;
        foreach (Follower follower in followers)
        {
            await follower.CheckAsync();
            Assert.InRange(follower.Checker.Segments, LiveFilms.Seconds / 2 - 1, LiveFilms.Seconds + 1);
            Assert.InRange(follower.Checker.Parts, LiveFilms.Seconds * 3 / 2, LiveFilms.Seconds * 7);
            Assert.InRange(follower.Checker.ComparedUpdates, follower.Checker.Updates / 2, follower.Checker.Updates);
            // An update leaves out what is further from the end than six target durations, which some streams are longer than.
            Assert.Equal(6 * follower.Target < LiveFilms.Seconds - 2, follower.Skips > 0);
        }
    }

    [Fact]
    public async Task Playlists_keep_the_rules_when_a_publisher_comes_back_with_other_pictures()
    {
        string film = await LiveFilms.GetAsync();
        string other = await LiveFilms.GetOtherAsync(8);
        await using MapwireServer server = await StartAsync("--live-part-duration", "0.2");
        await using ServerProcess first = ServerProcess.Start("ffmpeg", PublishWords(server, film, $"{Name}?key={Key}"));
        await WaitForLogAsync(server, $"publish {Name}");
        Task<Follower[]> following = FollowAsync(server);
        await Task.Delay(TimeSpan.FromSeconds(6), TestContext.Current.CancellationToken);
        await first.SignalAsync("KILL");
        await PublishAsync(server, other, Name);
        foreach (Follower follower in await following)
        {
            await follower.CheckAsync();
            Assert.Contains("#EXT-X-DISCONTINUITY\n", follower.Last, StringComparison.Ordinal);
        }
    }

    /// <summary>Follows all media playlists of a stream to its end.</summary>
    private static async Task<Follower[]> FollowAsync(MapwireServer server)
    {
        Uri index = new($"http://127.0.0.1:{server.HttpPort}/vod/{Name}/index.m3u8");
        byte[] master = await Client.GetByteArrayAsync(index, TestContext.Current.CancellationToken);
        Assert.Empty(PlaylistValidator.Validate(master));
        Follower[] followers =
        [
            .. MediaPlaylists().Matches(Encoding.UTF8.GetString(master)).Select(match => new Follower(new Uri(index, match.Value))),
        ];
        Assert.Equal(["v1.m3u8", "a1.m3u8"], followers.Select(static follower => follower.Name).OrderDescending());
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        end.CancelAfter(TimeSpan.FromSeconds(90));
        await Task.WhenAll(followers.Select(follower => follower.Checker.FollowAsync(end.Token)));
        Assert.Empty(PlaylistValidator.ValidateTogether([.. followers.Select(static follower => Encoding.UTF8.GetBytes(follower.Last))]));
        return followers;
    }

    [GeneratedRegex("[av]1\\.m3u8[^\"\\s]*")]
    private static partial Regex MediaPlaylists();

    [GeneratedRegex("^#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"(?<uri>[^\"]+)\"", RegexOptions.Multiline)]
    private static partial Regex Hints();

    [GeneratedRegex("^#EXT-X-PART:.*URI=\"(?<uri>[^\"]+)\"", RegexOptions.Multiline)]
    private static partial Regex Listed();

    [GeneratedRegex("^#EXT-X-TARGETDURATION:([0-9]+)", RegexOptions.Multiline)]
    private static partial Regex TargetDuration();

    /// <summary>Follows one playlist, and asks for each part as soon as it is hinted.</summary>
    private sealed class Follower
    {
        private readonly Uri _playlist;
        private readonly ConcurrentDictionary<string, Task<HttpStatusCode>> _hinted = new(StringComparer.Ordinal);
        private readonly ConcurrentDictionary<string, bool> _listed = new(StringComparer.Ordinal);

        public Follower(Uri playlist)
        {
            _playlist = playlist;
            Checker = new LivePlaylistChecker(playlist.AbsoluteUri, FetchAsync);
        }

        public LivePlaylistChecker Checker { get; }

        public string Name => Path.GetFileName(_playlist.AbsolutePath);

        /// <summary>The last whole playlist.</summary>
        public string Last { get; private set; } = "";

        /// <summary>The target duration, in seconds.</summary>
        public int Target => int.Parse(TargetDuration().Match(Last).Groups[1].Value, CultureInfo.InvariantCulture);

        /// <summary>How many answers left segments out.</summary>
        public int Skips { get; private set; }

        /// <summary>Whether all was right, to the end.</summary>
        public async Task CheckAsync()
        {
            Assert.True(Checker.Violations.Count == 0, $"{Name}: {string.Join('\n', Checker.Violations.Take(5))}\n{Last}");
            Assert.True(Checker.IsEnded, $"{Name} did not end");
            foreach ((string uri, Task<HttpStatusCode> answer) in _hinted)
            {
                // What was hinted at the very end never comes.
                HttpStatusCode status = await answer;
                Assert.True(status == (HasPart(uri) ? HttpStatusCode.OK : HttpStatusCode.NotFound), $"{uri}: {status}");
            }

            Assert.InRange(_hinted.Count(pair => !HasPart(pair.Key)), 0, 1);
            Assert.InRange(Checker.LongestDelay!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        }

        private bool HasPart(string uri) => _listed.ContainsKey(uri);

        private async Task<byte[]> FetchAsync(string address)
        {
            byte[] answer = await Client.GetByteArrayAsync(address, TestContext.Current.CancellationToken);
            string text = Encoding.UTF8.GetString(answer);
            Skips += text.Contains("#EXT-X-SKIP:", StringComparison.Ordinal) ? 1 : 0;
            Last = address.Contains("_HLS_skip", StringComparison.Ordinal) ? Last : text;
            foreach (Match part in Listed().Matches(text))
            {
                _listed.TryAdd(part.Groups["uri"].Value, true);
            }

            if (Hints().Match(text) is { Success: true } hint)
            {
                _ = _hinted.GetOrAdd(hint.Groups["uri"].Value, AskAsync);
            }

            return answer;
        }

        private async Task<HttpStatusCode> AskAsync(string uri)
        {
            using HttpResponseMessage answer = await Client.GetAsync(new Uri(_playlist, uri), TestContext.Current.CancellationToken);
            byte[] part = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                Checker.RecordArrival(uri, Checker.Elapsed);
                Assert.NotEmpty(part);
            }

            return answer.StatusCode;
        }
    }
}
