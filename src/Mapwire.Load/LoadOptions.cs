using System.Globalization;
using Mapwire.Server.Loop;

namespace Mapwire.Load;

/// <summary>How many players do what for how long. Checked once, when the test is created.</summary>
public sealed class LoadOptions
{
    /// <summary>The most players: below what one address has ports for (Linux gives out some 28,000).</summary>
    public const int MaxPlayers = 28_000;

    /// <summary>Descriptors beside those of players: pollers, threads that begin, the runtime's own.</summary>
    private const int OwnDescriptors = 32;

    /// <summary>The streams to play; players are dealt to them in turn. Required.</summary>
    public required IReadOnlyList<LoadTarget> Targets { get; init; }

    /// <summary>How many players at once. Required, 1 to <see cref="MaxPlayers"/>.</summary>
    public required int Players { get; init; }

    /// <summary>How long to measure once all players have been started; up to a day. Default 30 s.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Over how long the players are started, evenly. Null: 500 a second, which the smallest server accepts without a queue.
    /// </summary>
    public TimeSpan? Ramp { get; init; }

    /// <summary>
    /// The media that a player says it buffers. Default 3 s, what ffmpeg says. In <see cref="LoadMode.Fast"/> it is ten hours.
    /// </summary>
    public TimeSpan Buffer { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>What the players do. Default watch.</summary>
    public LoadMode Mode { get; init; }

    /// <summary>
    /// Connections begun a second in <see cref="LoadMode.Churn"/>, all players together. Null: a player begins the next one as soon
    /// as the last is over, so the server sets the pace.
    /// </summary>
    public double? ChurnRate { get; init; }

    /// <summary>How often each player seeks to a random place of the first nine tenths of its film; null: never.</summary>
    public TimeSpan? SeekEvery { get; init; }

    /// <summary>How often each player pauses, for <see cref="PauseLength"/>, and then goes on; null: never.</summary>
    public TimeSpan? PauseEvery { get; init; }

    /// <summary>How long a pause is: long enough that the server has stopped sending, and the player's buffer is full.</summary>
    internal static TimeSpan PauseLength { get; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether players offer the codecs of Enhanced RTMP, and publishers send them. Default no, as ffmpeg and librtmp do not unless they
    /// are told to; a film that needs them is then not published.
    /// </summary>
    public bool Enhanced { get; init; }

    /// <summary>
    /// How many segments, or bodies, to take in all before the test ends, if its time is not over before that; null for no bound. HTTP
    /// only. The measured time then begins with the first player.
    /// </summary>
    public int? Count { get; init; }

    /// <summary>
    /// Whether viewers of HLS follow a live stream by its parts (LL-HLS), each on one connection: they wait for each part with a blocking
    /// reload. Default no.
    /// </summary>
    public bool LowLatency { get; init; }

    /// <summary>Whether the boxes of init segments and segments are checked. HTTP only. Default no: bodies are only counted.</summary>
    public bool CheckBoxes { get; init; }

    /// <summary>Whether all that HTTP serves is only counted, playlists and FLV too. Default no.</summary>
    public bool BytesOnly { get; init; }

    /// <summary>
    /// A film that the players publish, in real time and over and over, instead of playing something; null when they play. RTMP only, one
    /// target; with more than one player the name has <c>%d</c>, which stands for the player's number from 0. There is no rehearsal then.
    /// </summary>
    public string? Publish { get; init; }

    /// <summary>
    /// Further films, which the publishers show in turn with the first one: where they differ, the stream changes its format. Default none.
    /// </summary>
    public IReadOnlyList<string> PublishNext { get; init; } = [];

    /// <summary>How much faster than in real time films are published, 0.1 to 1,000. Default 1.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>What goes wrong with publishers. Default nothing.</summary>
    public PublishFaults Faults { get; init; } = new();

    /// <summary>
    /// Viewers that watch what is published, dealt to the streams in turn; each begins when its stream does, by its turn of the ramp.
    /// They play the name without its query, which may have a key. Default none.
    /// </summary>
    public int Watch { get; init; }

    /// <summary>
    /// Whether viewers compare each frame with those that were sent: how long it took, and what is missing or altered. The film is read
    /// once before the test for that. Default no.
    /// </summary>
    public bool Latency { get; init; }

    /// <summary>Threads, each with its own players. Default 1: ten thousand players of 500 kbit/s need less than one core.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Processes of a server on this machine whose processor time and memory are reported too (Linux). Default none.</summary>
    public IReadOnlyList<int> ServerProcesses { get; init; } = [];

    /// <summary>
    /// A few plays before the test that nobody counts, so that compiling and opening files for the first time, here and there, is not
    /// measured. Default 1 s; zero for none.
    /// </summary>
    public TimeSpan Rehearsal { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether the players are viewers of HTTP.</summary>
    internal bool IsHttp => Targets[0].Url is HttpUrl;

    /// <summary>The ramp as it is done.</summary>
    internal TimeSpan EffectiveRamp => Ramp ?? TimeSpan.FromSeconds((Players + Watch) / 500.0);

    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    internal void Validate()
    {
        Require(Targets.Count > 0, nameof(Targets), Targets.Count, "must be at least one stream");
        Require(Targets.All(target => target.Url.GetType() == Targets[0].Url.GetType()), nameof(Targets), Targets.Count,
            "must be all of RTMP or all of HTTP");
        Require(Players is > 0 and <= MaxPlayers, nameof(Players), Players, $"must be from 1 to {MaxPlayers}");
        long? limit = DescriptorLimit.Get();
        long room = Math.Max(0, (limit ?? long.MaxValue) - DescriptorLimit.CountOpen() - OwnDescriptors);
        Require(Watch is >= 0 and <= MaxPlayers, nameof(Watch), Watch, $"must be from 0 to {MaxPlayers}");
        Require(Players + Watch <= room, nameof(Players), Players + Watch,
            $"must be at most {room}: this process may have {limit} descriptors; raise the limit (ulimit -n, LimitNOFILE)");
        Require(Duration > TimeSpan.Zero && Duration <= TimeSpan.FromDays(1), nameof(Duration), Duration,
            "must be more than 0 and at most a day");
        Require(EffectiveRamp >= TimeSpan.Zero && EffectiveRamp <= TimeSpan.FromHours(1), nameof(Ramp), Ramp, "must be from 0 to an hour");
        Require(Buffer >= TimeSpan.Zero && Buffer <= TimeSpan.FromDays(1), nameof(Buffer), Buffer, "must be from 0 to a day");
        Require(ChurnRate is null or (> 0 and <= 100_000), nameof(ChurnRate), ChurnRate,
            "must be more than 0 and at most 100,000 a second");
        Require(ChurnRate is null || Mode == LoadMode.Churn, nameof(ChurnRate), ChurnRate, "needs churn");
        Require(SeekEvery is null || Mode == LoadMode.Watch, nameof(SeekEvery), SeekEvery, "needs players that watch");
        Require(SeekEvery is null || SeekEvery >= TimeSpan.FromMilliseconds(100), nameof(SeekEvery), SeekEvery, "must be at least 0.1 s");
        Require(PauseEvery is null || Mode == LoadMode.Watch, nameof(PauseEvery), PauseEvery, "needs players that watch");
        Require(PauseEvery is null || SeekEvery is null, nameof(PauseEvery), PauseEvery, "and seeks exclude each other");
        Require(PauseEvery is null || PauseEvery >= 2 * PauseLength, nameof(PauseEvery), PauseEvery,
            $"must be at least {2 * PauseLength.TotalSeconds} s: a pause takes {PauseLength.TotalSeconds} s");
        Require(!IsHttp || SeekEvery is null, nameof(SeekEvery), SeekEvery, "needs players of RTMP");
        Require(!IsHttp || PauseEvery is null, nameof(PauseEvery), PauseEvery, "needs players of RTMP");
        Require(!IsHttp || !Enhanced, nameof(Enhanced), Enhanced, "needs players of RTMP");
        Require(IsHttp || Count is null, nameof(Count), Count, "needs viewers of HTTP");
        Require(Count is null or > 0, nameof(Count), Count, "must be at least 1");
        Require(IsHttp || !LowLatency, nameof(LowLatency), LowLatency, "needs viewers of HLS");
        Require(IsHttp || !CheckBoxes, nameof(CheckBoxes), CheckBoxes, "needs viewers of HTTP");
        Require(IsHttp || !BytesOnly, nameof(BytesOnly), BytesOnly, "needs viewers of HTTP");
        Require(!BytesOnly || !CheckBoxes, nameof(CheckBoxes), CheckBoxes, "and bytes only exclude each other");
        Require(Watch == 0 || Publish is not null, nameof(Watch), Watch, $"needs {nameof(Publish)}: what is published is watched");
        Require(!Latency || Watch > 0, nameof(Latency), Latency, $"needs {nameof(Watch)}: viewers of what is published");
        if (Publish is not null)
        {
            ValidatePublish(Publish);
        }
        else
        {
            Require(PublishNext.Count == 0 && Speed == 1 && Faults == new PublishFaults(), nameof(Publish), "none",
                "is needed for what is published faster, in turn or with faults");
        }

        Require(Rehearsal >= TimeSpan.Zero && Rehearsal <= TimeSpan.FromMinutes(1), nameof(Rehearsal), Rehearsal,
            "must be from 0 to a minute");
        Require(Threads is > 0 and <= 64, nameof(Threads), Threads, "must be from 1 to 64");
    }

    private void ValidatePublish(string film)
    {
        Require(!IsHttp, nameof(Publish), film, "needs a server of RTMP");
        Require(Targets.Count == 1, nameof(Publish), film, "needs one URL; with several players %d in its name is the player's number");
        Require(Players == 1 || ((RtmpUrl)Targets[0].Url).HasPlayerNumber, nameof(Players), Players,
            "must be 1 where the name has no %d, which stands for the player's number: two players cannot publish one stream");
        Require(Mode == LoadMode.Watch, nameof(Publish), film, "needs players that neither pull nor churn");
        Require(SeekEvery is null && PauseEvery is null, nameof(Publish), film, "needs players that neither seek nor pause");
        Require(Speed is >= 0.1 and <= 1000, nameof(Speed), Speed, "must be from 0.1 to 1,000");
        RequireFault(Faults.ReconnectEvery, nameof(PublishFaults.ReconnectEvery), TimeSpan.FromSeconds(1));
        RequireFault(Faults.StallEvery, nameof(PublishFaults.StallEvery), PublishFaults.StallLength);
        RequireFault(Faults.JumpEvery, nameof(PublishFaults.JumpEvery), TimeSpan.FromSeconds(1));
        Require(!Latency || (PublishNext.Count == 0 && Faults.ReconnectEvery is null && Faults.JumpEvery is null), nameof(Latency), Latency,
            "needs publishers of one film that neither reconnect nor jump: frames are told apart by their place in it");
    }

    private static void RequireFault(TimeSpan? every, string option, TimeSpan least) =>
        Require(every is null || (every >= least && every <= TimeSpan.FromDays(1)), option, every ?? default,
            $"must be from {least.TotalSeconds} s to a day");

    private static void Require<T>(bool holds, string option, T value, string rule)
    {
        if (!holds)
        {
            string was = value is TimeSpan time ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s") : $"{value}";
            throw new ArgumentException($"{option} {rule} (was {was})", option);
        }
    }
}
