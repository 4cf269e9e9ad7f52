using System.Collections.ObjectModel;
using System.Globalization;
using System.Net;
using Mapwire.Rtmp.Messages;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Live;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;
using Mapwire.Server.Tls;
using Mapwire.Server.Web;

namespace Mapwire.Server.Hosting;

/// <summary>What a server serves and within which bounds. Checked once, when the server is created.</summary>
public sealed class MediaServerOptions
{
    /// <summary>The folder of the titles. Required.</summary>
    public required string Folder { get; init; }

    /// <summary>
    /// Where to listen. Default all IPv4 addresses, port 1935 (the port that RTMP is registered with). Port 0 picks a free one;
    /// <c>[::]</c> is all addresses of IPv6 and of IPv4.
    /// </summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; init; } = [new(IPAddress.Any, 1935)];

    /// <summary>
    /// Where to listen for encrypted connections (<c>rtmps://</c>). Default none; they need <see cref="CertificateFile"/>.
    /// </summary>
    public IReadOnlyList<IPEndPoint> EncryptedEndPoints { get; init; } = [];

    /// <summary>Where to listen for HTTP. Default none. Port 0 picks a free one.</summary>
    public IReadOnlyList<IPEndPoint> HttpEndPoints { get; init; } = [];

    /// <summary>
    /// Where to listen for encrypted HTTP (<c>https://</c>, HTTP/1.1). Default none; they need <see cref="CertificateFile"/>. Port 0 picks
    /// a free one.
    /// </summary>
    public IReadOnlyList<IPEndPoint> EncryptedHttpEndPoints { get; init; } = [];

    /// <summary>
    /// Whether plain requests of HTTP/1.1 are read by the loops of the workers and answered from the mapping. Default yes; without, Kestrel
    /// reads every request, and the same answers are copied: slower, to compare with.
    /// </summary>
    public bool HasHttpFastLane { get; init; } = true;

    /// <summary>
    /// Whether the server starts without HTTP, with a warning, where it cannot listen at one of <see cref="HttpEndPoints"/>. Default no:
    /// only an end point that nobody asked for can be done without.
    /// </summary>
    public bool IsHttpOptional { get; init; }

    /// <summary>
    /// How long a segment of HLS and DASH should be; each is of whole sync intervals, so they are as long as those where those are longer.
    /// Default 6 s, what the authors of HLS ask for.
    /// </summary>
    public TimeSpan SegmentDuration { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Whether the addresses in playlists of HLS and DASH have an id of their viewer. Default yes; without, a shared cache in front of the
    /// server needs to fetch a segment once only.
    /// </summary>
    public bool HasViewerIds { get; init; } = true;

    /// <summary>
    /// Whether the titles of a folder are listed by HTTP at its path. Default no: who may play a title need not know all.
    /// </summary>
    public bool ListsTitles { get; init; }

    /// <summary>
    /// The certificate of encrypted connections: PEM, with those that vouch for it behind it, or PKCS #12 (.pfx, .p12). Read anew when it
    /// changes.
    /// </summary>
    public string? CertificateFile { get; init; }

    /// <summary>The private key in PEM; null where it is in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>A file whose first line is the password of the key; null where it has none.</summary>
    public string? CertificatePasswordFile { get; init; }

    /// <summary>
    /// The application that clients connect to, one path segment. Default <c>vod</c>, as in <c>rtmp://host/vod/film.mp4</c>.
    /// </summary>
    public string Application { get; init; } = "vod";

    /// <summary>
    /// The most media that is sent ahead of a player's clock. Default 30 s: players ask for 3 s (ffmpeg) up to ten hours
    /// (rtmpdump), and what is sent ahead is lost when a viewer leaves or seeks.
    /// </summary>
    public TimeSpan MaxClientBuffer { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The media sent ahead of a player that did not say how much it buffers. Default 3 s, what ffmpeg asks for.
    /// </summary>
    public TimeSpan DefaultClientBuffer { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The least media that is sent ahead of a player's clock, whatever it asks for. Default 250 ms: a player that asks for nothing would
    /// be woken for each frame, and stall with each packet that is late.
    /// </summary>
    public TimeSpan MinClientBuffer { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// The chunk size announced to players, in bytes, from 128 to 16,777,215. Default 1 MiB: nearly every frame is one chunk, and
    /// some clients refuse more than 10 MiB.
    /// </summary>
    public int ChunkSize { get; init; } = 1024 * 1024;

    /// <summary>
    /// The time from accept to the connect command. Default 10 s: a player needs a few round trips; a client that dribbles bytes
    /// holds a descriptor no longer.
    /// </summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may stay without playing or asking for anything. Default 60 s.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a player may stay paused without a word. Default an hour: a meal; whoever comes later plays and seeks anew.
    /// </summary>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long a player may leave its socket full, and the time over which <see cref="MinPlayerRate"/> is measured. Default 60 s: longer
    /// than any player's own buffer of a stalled picture.
    /// </summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// What a player has to read while its socket is full, in bytes a second over <see cref="SendTimeout"/>; 0: anything will do. Default
    /// 1,000: less than the thinnest speech, so only clients that read to hold a connection and its memory fall below it.
    /// </summary>
    public long MinPlayerRate { get; init; } = 1000;

    /// <summary>
    /// How long sent bytes may stay without the peer's acknowledgement (Linux: TCP_USER_TIMEOUT). Default 60 s, as
    /// <see cref="SendTimeout"/>: systems try for some 15 minutes, for a phone that has left its network.
    /// </summary>
    public TimeSpan AcknowledgeTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How much may wait unsent in the socket of a player whose path is slower than its film, as time of the path's own rate (Linux:
    /// TCP_NOTSENT_LOWAT, set by what the path takes); zero: as much as the system holds. Default 50 ms: a seek waits behind it, and the
    /// path has more to do than a wake takes.
    /// </summary>
    public TimeSpan MaxUnsentTime { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// The most that the system puts on the wire for one player, in bytes a second (Linux: SO_MAX_PACING_RATE). Default null: no limit,
    /// since each paced socket costs timers of the system; worth it where a second of film in one burst overruns a small queue on the way.
    /// </summary>
    public long? MaxPacingRate { get; init; }

    /// <summary>
    /// The most connections at once, and the most players, where viewers of HLS and DASH count as connections of RTMP do. Default 16,384:
    /// each connection holds a descriptor, and systems commonly allow a process 20,000 and more.
    /// </summary>
    public int MaxConnections { get; init; } = 16_384;

    /// <summary>
    /// The most connections of one address (IPv6: of one network of 64 bits) at once, and the most players; 0 for no limit. Default 1,024:
    /// the viewers behind one address of a carrier or a company, and a sixteenth of all.
    /// </summary>
    public int MaxConnectionsPerAddress { get; init; } = 1024;

    /// <summary>
    /// New connections a second of one address (IPv6: of one network of 64 bits), where the last ten seconds count together; 0 for no
    /// limit. Default 100: all those viewers may come within ten seconds, and no host takes more than a fortieth of a processor by
    /// connecting.
    /// </summary>
    public int MaxConnectsPerAddress { get; init; } = 100;

    /// <summary>
    /// Titles that are opened at once for one address (IPv6: for one network of 64 bits), the others of it wait; 0 for no limit. Default 8:
    /// half of what is read at once, so that another address's title is opened beside whatever the first one asks for.
    /// </summary>
    public int MaxOpeningsPerAddress { get; init; } = 8;

    /// <summary>
    /// What one connection may make the server hold, in bytes, at least 131,072: messages that it has begun, names and lists of plays that
    /// it has lined up, and answers that it does not read. A connection that holds more is closed. Titles are not counted, which viewers
    /// share (<see cref="MaxOpenBytes"/>), nor the system's buffers of its socket. Default 1 MiB: the metadata of three long films; players
    /// hold a few hundred bytes.
    /// </summary>
    public long MaxConnectionBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// What all connections may make the server hold together, in bytes, at least 262,144, and those of one address half of it (IPv6: of
    /// one network of 64 bits). Beyond it whoever asks for more is closed; who holds less than 16 KiB, as players do, is not counted.
    /// Default a sixteenth of what the process may use: on 4 GiB the metadata of 4,000 two-hour films that nobody reads.
    /// </summary>
    public long MaxHeldBytes { get; init; } = Math.Max(MinHeldBytes, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 16);

    /// <summary>
    /// Who may publish live streams: whoever sends one of these keys with the name of its stream. Default none: nobody may.
    /// </summary>
    public IReadOnlyList<PublishKey> PublishKeys { get; init; } = [];

    /// <summary>Whether everybody may publish who reaches the server. Default no.</summary>
    public bool AllowsPublishing { get; init; }

    /// <summary>
    /// How encoders that connect without a key have to prove that they know one of <see cref="PublishKeys"/>, which is the password of any
    /// user. Default none: the key stands behind the name, or the client asks for a method by <c>auth=adobe</c> or <c>auth=llnw</c> behind
    /// the application. At connect nobody knows yet which of the two an encoder will do, so this is for servers whose encoders all prove
    /// it.
    /// </summary>
    public AuthenticationMethod PublisherAuthentication { get; init; }

    /// <summary>
    /// What is kept of each live stream for those who come late, or go back in time. Default 60 s: longer than any player buffers.
    /// </summary>
    public TimeSpan LiveWindow { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The memory that all live streams lie in, in bytes, which the system gives as it is written; at least 16 MiB. What is kept of each is
    /// shorter than <see cref="LiveWindow"/> where it is short. Default a quarter of what the process may use, and at most 4 GiB: a minute
    /// of a thousand streams of 500 kbit/s.
    /// </summary>
    public long LiveMemoryBytes { get; init; } =
        Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, MinLiveMemoryBytes, 4L << 30);

    /// <summary>
    /// The longest that messages of a live stream wait for others, so that many viewers are sent several at once. Few are sent each as it
    /// comes. Default 250 ms, a quarter of what a player buffers at least.
    /// </summary>
    public TimeSpan LiveLatency { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long a segment of a live stream should be; it ends at the first key picture behind this, and where none comes, at the target
    /// duration of the playlist. Default 2 s, what most encoders have from key picture to key picture.
    /// </summary>
    public TimeSpan LiveSegmentDuration { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a part of such a segment should be (LL-HLS); as many whole frames as that takes. Default 0.5 s: players stay three parts
    /// behind, and ask for each.
    /// </summary>
    public TimeSpan LivePartDuration { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// How long a live stream whose publisher was lost waits for it to come back, while its viewers stay; zero for not at all. Default
    /// 10 s: a phone that changes its network.
    /// </summary>
    public TimeSpan PublishResumeTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a publisher may send nothing before its connection counts as lost. Default 15 s: encoders send sound many times a second,
    /// and TCP sends again for seconds on a bad network.
    /// </summary>
    public TimeSpan PublishTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a player waits for a live stream that nobody publishes yet; zero for not at all. Default 15 s: encoder and player are
    /// started together.
    /// </summary>
    public TimeSpan LivePlayWait { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Whether another publisher of a live stream takes over from the one that is there. Default yes: a phone that comes back is another
    /// connection, and the old one is not known to be dead; without, it is refused.
    /// </summary>
    public bool PublisherTakesOver { get; init; } = true;

    /// <summary>Threads that serve connections. Default one a processor.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>The most that is sent to one player, in bytes a second. Default null: as fast as it reads, within its buffer.</summary>
    public long? MaxPlayerRate { get; init; }

    /// <summary>
    /// The most that is sent to all players together, in bytes a second; each worker has an equal share, so that workers need not ask
    /// each other. Default null: no limit.
    /// </summary>
    public long? MaxServerRate { get; init; }

    /// <summary>
    /// The kernel's buffer for what a player was sent and has not acknowledged, in bytes. Default null: the system's own, which grows
    /// with the path's delay (Linux: net.ipv4.tcp_wmem) and holds a second of film for any player. A fixed size bounds the memory of
    /// players that do not read.
    /// </summary>
    public int? SendBuffer { get; init; }

    /// <summary>
    /// The kernel's buffer for what a player says, in bytes. Default null: the system's own, which is filled by nobody: players send
    /// some hundred bytes.
    /// </summary>
    public int? ReceiveBuffer { get; init; }

    /// <summary>
    /// Whether players that do not offer codecs by Enhanced RTMP are sent HEVC with the number 12, which some players and encoders agreed
    /// on before there was a standard for it. Default no: most of the others fail on it instead of playing the sound alone.
    /// </summary>
    public bool LegacyHevc { get; init; }

    /// <summary>
    /// What the indices of titles that nobody plays may take in memory, in bytes. Default a sixteenth of what the process may use:
    /// on 4 GiB that is room for some 30 two-hour films.
    /// </summary>
    public long CacheBytes { get; init; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 16;

    /// <summary>
    /// What the indices of all open files may take in memory, those that are played too, in bytes. Beyond it no other file is opened, and
    /// players are told so. Default a quarter of what the process may use: on 4 GiB some 120 two-hour films at once.
    /// </summary>
    public long MaxOpenBytes { get; init; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;

    /// <summary>
    /// The most files open at once, those that are played too. Beyond it no other is opened, and players are told so. Default 4,096: each
    /// holds a descriptor, of which connections need most.
    /// </summary>
    public int MaxOpenFiles { get; init; } = 4096;

    /// <summary>The most titles kept open. Default 1,024: each holds a descriptor.</summary>
    public int CacheTitles { get; init; } = 1024;

    /// <summary>
    /// The most items of a playlist. Default 256: a day of half-hours five times over; all of them are opened before the first one plays,
    /// and each holds a descriptor.
    /// </summary>
    public int MaxPlaylistItems { get; init; } = PlaylistFile.MaxItems;

    /// <summary>
    /// What a file may cost before it is refused: sizes, counts and time, each with its own default and the reason for it.
    /// </summary>
    public TitleLimits Limits { get; init; } = TitleLimits.Default;

    /// <summary>
    /// Where the indices of titles are kept between runs, so that a restart does not parse every movie again; a folder of this server
    /// alone. Default null: nowhere.
    /// </summary>
    public string? IndexCacheFolder { get; init; }

    /// <summary>The most that the stored indices may take, in bytes. Default 1 GiB: the indices of some hundred two-hour films.</summary>
    public long IndexCacheBytes { get; init; } = 1L << 30;

    /// <summary>
    /// The name under which statistics are published in shared memory, which <c>mapwire top</c> of the same user shows: 1 to 80 of the
    /// characters a-z, A-Z, 0-9, '-', '_' and, not at the end, '.'. Default null: nothing is published.
    /// </summary>
    public string? StatisticsName { get; init; }

    /// <summary>
    /// The folder for the file behind the statistics; it must exist, and is best one in memory. Default null: where the shared memory of
    /// this user's programs is.
    /// </summary>
    public string? StatisticsFolder { get; init; }

    /// <summary>
    /// Whether what is sent is copied by guarded reads first, as it has to be for encrypted connections, instead of being sent from the
    /// mapping. Default no: it costs about twice the processor time.
    /// </summary>
    public bool CopiesPayload { get; init; }

    /// <summary>
    /// What the operator calls the options that log lines name, by the names of these properties: for a program with options of its own,
    /// such as <c>--max-connections</c>. Default none: log lines name the properties.
    /// </summary>
    public IReadOnlyDictionary<string, string> OptionNames { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>
    /// Wraps each connection's stream, such as by TLS; the connection then sends through it by guarded copies instead of from the mapping.
    /// Null: nothing does.
    /// </summary>
    internal Func<Stream, CancellationToken, ValueTask<Stream>>? WrapStream { get; init; }

    /// <summary>What of this is about players.</summary>
    internal PlayerOptions ToPlayerOptions() =>
        new(Application, ChunkSize, DefaultClientBuffer, MinClientBuffer, MaxClientBuffer, LegacyHevc, MaxOpeningsPerAddress);

    /// <summary>What of this is about live streams.</summary>
    internal LiveOptions ToLiveOptions() => new(
        (long)LiveWindow.TotalMilliseconds, LiveMemoryBytes, (long)LiveLatency.TotalMilliseconds, (long)PublishResumeTime.TotalMilliseconds,
        (long)PublishTimeout.TotalMilliseconds, (long)LivePlayWait.TotalMilliseconds,
        (long)LiveSegmentDuration.TotalMilliseconds, (long)LivePartDuration.TotalMilliseconds, PublisherTakesOver);

    /// <summary>Who may publish.</summary>
    internal PublishKeys ToPublishKeys() => AllowsPublishing ? Live.PublishKeys.Open : new PublishKeys(PublishKeys);

    /// <summary>How many players there may be: of connections of RTMP and viewers of HTTP together as many as connections.</summary>
    internal PlayerLimits ToPlayerLimits() => new(
        MaxConnections, MaxConnectionsPerAddress, NameOf(nameof(MaxConnections)), NameOf(nameof(MaxConnectionsPerAddress)));

    /// <summary>What of this is published; null for nothing.</summary>
    /// <param name="urls">Where the server listens.</param>
    internal PublishedServer? ToPublishedServer(params IReadOnlyList<string> urls) => StatisticsName is null
        ? null
        : new(StatisticsName, StatisticsFolder, string.Join(' ', urls), Path.GetFullPath(Folder), Workers, MaxConnections);

    /// <summary>The certificate's files; null where there is none.</summary>
    internal CertificateFiles? ToCertificateFiles() =>
        CertificateFile is null
            ? null
            : new(CertificateFile, KeyFile, CertificatePasswordFile)
            {
                KeyOption = NameOf(nameof(KeyFile)),
                PasswordOption = NameOf(nameof(CertificatePasswordFile)),
            };

    /// <summary>What the operator calls an option.</summary>
    /// <param name="property">Its name here.</param>
    internal string NameOf(string property) => OptionNames.GetValueOrDefault(property, property);

    /// <summary>What of this bounds the files that are open.</summary>
    /// <param name="maxFiles">The most files that may be open: what was wished for, or what the system leaves room for.</param>
    internal FileBudget ToFileBudget(int maxFiles) => new(CacheBytes, Math.Min(CacheTitles, maxFiles), MaxOpenBytes, maxFiles);

    /// <summary>What of this connections are bound by.</summary>
    internal ConnectionLimits ToConnectionLimits() => new(
        (long)SendTimeout.TotalMilliseconds, MinPlayerRate, MaxPlayerRate, MaxServerRate / Workers, (long)MaxUnsentTime.TotalMilliseconds);

    /// <summary>What of this connections of Kestrel's are bound by.</summary>
    /// <param name="held">What all connections make the server hold.</param>
    internal KestrelLimits ToKestrelLimits(HeldBytes held) => new(
        HandshakeTimeout, IdleTimeout, SendTimeout, MinPlayerRate,
        new ExchangeLimits(MaxConnectionBytes, NameOf(nameof(MaxConnectionBytes)), held));

    /// <summary>Looks at every option by itself and beside the others, and at nothing of the system.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public void Validate()
    {
        Require(Application.Length > 0 && !Application.AsSpan().ContainsAny("/\\?%"), nameof(Application), Application,
            "must be one path segment");
        Require(EndPoints.Count is > 0 and <= 64, nameof(EndPoints), EndPoints.Count, "must be 1 to 64 end points");
        Require(EncryptedEndPoints.Count <= 64, nameof(EncryptedEndPoints), EncryptedEndPoints.Count, "must be at most 64 end points");
        Require(HttpEndPoints.Count <= 64, nameof(HttpEndPoints), HttpEndPoints.Count, "must be at most 64 end points");
        Require(SegmentDuration >= TimeSpan.FromMilliseconds(100) && SegmentDuration <= TimeSpan.FromMinutes(5), nameof(SegmentDuration),
            SegmentDuration, "must be from 0.1 to 300 s");
        Require(CertificateFile is { Length: > 0 } || EncryptedEndPoints.Count == 0, nameof(CertificateFile), CertificateFile,
            $"must name a file: {nameof(EncryptedEndPoints)} needs a certificate");
        Require(EncryptedHttpEndPoints.Count <= 64, nameof(EncryptedHttpEndPoints), EncryptedHttpEndPoints.Count,
            "must be at most 64 end points");
        Require(CertificateFile is { Length: > 0 } || EncryptedHttpEndPoints.Count == 0, nameof(CertificateFile), CertificateFile,
            $"must name a file: {nameof(EncryptedHttpEndPoints)} needs a certificate");
        bool isEncrypted = EncryptedEndPoints.Count + EncryptedHttpEndPoints.Count > 0;
        RequireEncryption(isEncrypted, nameof(CertificateFile), CertificateFile);
        RequireEncryption(isEncrypted, nameof(KeyFile), KeyFile);
        RequireEncryption(isEncrypted, nameof(CertificatePasswordFile), CertificatePasswordFile);
        Require(KeyFile is null or { Length: > 0 }, nameof(KeyFile), KeyFile, "must name a file");
        Require(CertificatePasswordFile is null or { Length: > 0 }, nameof(CertificatePasswordFile), CertificatePasswordFile,
            "must name a file");
        Require(ChunkSize is >= 128 and <= 0xFFFFFF, nameof(ChunkSize), ChunkSize, "must be from 128 to 16,777,215 bytes");
        Require(MaxClientBuffer > TimeSpan.Zero && MaxClientBuffer <= Day, nameof(MaxClientBuffer), MaxClientBuffer,
            "must be more than 0 and at most a day");
        Require(DefaultClientBuffer > TimeSpan.Zero && DefaultClientBuffer <= Day, nameof(DefaultClientBuffer), DefaultClientBuffer,
            "must be more than 0 and at most a day");
        Require(MinClientBuffer >= TimeSpan.Zero && MinClientBuffer <= Day, nameof(MinClientBuffer), MinClientBuffer,
            "must be from 0 to a day");
        Require(MinClientBuffer <= MaxClientBuffer, nameof(MinClientBuffer), MinClientBuffer,
            string.Create(CultureInfo.InvariantCulture, $"must be at most {nameof(MaxClientBuffer)}, {MaxClientBuffer.TotalSeconds} s"));
        Require(HandshakeTimeout > TimeSpan.Zero, nameof(HandshakeTimeout), HandshakeTimeout, "must be more than 0");
        Require(IdleTimeout > TimeSpan.Zero, nameof(IdleTimeout), IdleTimeout, "must be more than 0");
        Require(MaxPause > TimeSpan.Zero, nameof(MaxPause), MaxPause, "must be more than 0");
        Require(SendTimeout > TimeSpan.Zero, nameof(SendTimeout), SendTimeout, "must be more than 0");
        Require(MinPlayerRate >= 0, nameof(MinPlayerRate), MinPlayerRate, "must be at least 0");
        Require(AcknowledgeTimeout > TimeSpan.Zero, nameof(AcknowledgeTimeout), AcknowledgeTimeout, "must be more than 0");
        Require(MaxUnsentTime >= TimeSpan.Zero && MaxUnsentTime <= Day, nameof(MaxUnsentTime), MaxUnsentTime, "must be from 0 to a day");
        Require(MaxPacingRate is null or >= 1000, nameof(MaxPacingRate), MaxPacingRate, "must be at least 1,000 bytes a second");
        Require(MaxConnections > 0, nameof(MaxConnections), MaxConnections, "must be at least 1");
        Require(MaxConnectionBytes >= 131_072, nameof(MaxConnectionBytes), MaxConnectionBytes, "must be at least 131,072 bytes");
        Require(MaxHeldBytes >= MinHeldBytes, nameof(MaxHeldBytes), MaxHeldBytes, "must be at least 262,144 bytes");
        Require(MaxConnectionsPerAddress >= 0, nameof(MaxConnectionsPerAddress), MaxConnectionsPerAddress, "must be at least 0");
        Require(MaxConnectsPerAddress >= 0, nameof(MaxConnectsPerAddress), MaxConnectsPerAddress, "must be at least 0");
        Require(Workers is > 0 and <= StatisticsLayout.MostWorkers, nameof(Workers), Workers, "must be from 1 to 1,024");
        Require(MaxPlayerRate is null or >= 1000, nameof(MaxPlayerRate), MaxPlayerRate, "must be at least 1,000 bytes a second");
        Require(MaxServerRate is null || MaxServerRate >= 1000L * Workers, nameof(MaxServerRate), MaxServerRate,
            "must be at least 1,000 bytes a second for each worker");
        Require(SendBuffer is null or >= 4096, nameof(SendBuffer), SendBuffer, "must be at least 4,096 bytes");
        Require(ReceiveBuffer is null or >= 1024, nameof(ReceiveBuffer), ReceiveBuffer, "must be at least 1,024 bytes");
        Require(LiveWindow >= TimeSpan.FromSeconds(1) && LiveWindow <= Day, nameof(LiveWindow), LiveWindow, "must be from 1 s to a day");
        Require(LiveMemoryBytes >= MinLiveMemoryBytes, nameof(LiveMemoryBytes), LiveMemoryBytes, "must be at least 16,777,216 bytes");
        Require(LiveLatency >= TimeSpan.Zero && LiveLatency <= TimeSpan.FromSeconds(10), nameof(LiveLatency), LiveLatency,
            "must be from 0 to 10 s");
        Require(LiveSegmentDuration >= TimeSpan.FromSeconds(1) && LiveSegmentDuration <= TimeSpan.FromSeconds(10),
            nameof(LiveSegmentDuration), LiveSegmentDuration, "must be from 1 to 10 s");
        Require(LivePartDuration >= TimeSpan.FromMilliseconds(100) && LivePartDuration <= LiveSegmentDuration, nameof(LivePartDuration),
            LivePartDuration, $"must be from 0.1 s to {nameof(LiveSegmentDuration)}");
        Require(PublishResumeTime >= TimeSpan.Zero && PublishResumeTime <= Day, nameof(PublishResumeTime), PublishResumeTime,
            "must be from 0 to a day");
        Require(PublishTimeout >= TimeSpan.FromSeconds(1) && PublishTimeout <= Day, nameof(PublishTimeout), PublishTimeout,
            "must be from 1 s to a day");
        Require(LivePlayWait >= TimeSpan.Zero && LivePlayWait <= Day, nameof(LivePlayWait), LivePlayWait, "must be from 0 to a day");
        Require(!AllowsPublishing || PublishKeys.Count == 0, nameof(AllowsPublishing), AllowsPublishing,
            $"and {nameof(PublishKeys)} exclude each other");
        Require(!AllowsPublishing || PublisherAuthentication == AuthenticationMethod.None, nameof(PublisherAuthentication),
            PublisherAuthentication, $"and {nameof(AllowsPublishing)} exclude each other");
        Require(CacheBytes >= 0, nameof(CacheBytes), CacheBytes, "must be at least 0");
        Require(Folder.Length > 0, nameof(Folder), Folder, "must name a folder");
        Require(IndexCacheFolder is null or { Length: > 0 }, nameof(IndexCacheFolder), IndexCacheFolder, "must name a folder");
        Require(IndexCacheBytes is > 0 and <= int.MaxValue, nameof(IndexCacheBytes), IndexCacheBytes,
            "must be more than 0 and less than 2 GiB");
        Require(StatisticsName is null || StatisticsLayout.IsName(StatisticsName), nameof(StatisticsName), StatisticsName,
            "must be 1 to 80 of the characters a-z, A-Z, 0-9, '-', '_' and, not at the end, '.'");
        Require(MaxPlaylistItems is > 0 and <= 65_536, nameof(MaxPlaylistItems), MaxPlaylistItems, "must be from 1 to 65,536");
        Require(CacheTitles > 0, nameof(CacheTitles), CacheTitles, "must be at least 1");
        Require(MaxOpeningsPerAddress >= 0, nameof(MaxOpeningsPerAddress), MaxOpeningsPerAddress, "must be 0 or more");
        Require(MaxOpenBytes > 0, nameof(MaxOpenBytes), MaxOpenBytes, "must be at least 1");
        Require(MaxOpenFiles > 0, nameof(MaxOpenFiles), MaxOpenFiles, "must be at least 1");
    }

    /// <summary>Half of it is the least that one connection may hold.</summary>
    private const long MinHeldBytes = 262_144;

    /// <summary>Two pictures of the largest size are being written then, while some others are still sent.</summary>
    private const long MinLiveMemoryBytes = 16L << 20;

    private static TimeSpan Day => TimeSpan.FromDays(1);

    private static void Require<T>(bool holds, string option, T value, string rule)
    {
        if (!holds)
        {
            string was = value switch
            {
                null => "",
                TimeSpan time => string.Create(CultureInfo.InvariantCulture, $" (was {time.TotalSeconds} s)"),
                _ => string.Create(CultureInfo.InvariantCulture, $" (was {value})"),
            };
            throw new ArgumentException($"{option} {rule}{was}", option);
        }
    }

    /// <summary>Who names a certificate and encrypts nothing believes something that is not so.</summary>
    private static void RequireEncryption(bool isEncrypted, string option, string? value) => Require(
        isEncrypted || value is null, option, value,
        $"needs {nameof(EncryptedEndPoints)} or {nameof(EncryptedHttpEndPoints)}: nothing else is encrypted");
}
