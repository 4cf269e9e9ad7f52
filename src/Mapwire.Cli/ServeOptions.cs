using System.CommandLine;
using System.Globalization;
using System.Net;
using Mapwire.Rtmp.Messages;
using Mapwire.Server.Files;
using Mapwire.Server.Hosting;
using Mapwire.Server.Live;

namespace Mapwire.Cli;

/// <summary>
/// The options of <c>mapwire serve</c>. Each is named once, with its unit and the property that has its default, its range and the reasons
/// for both (<see cref="MediaServerOptions"/>).
/// </summary>
internal sealed class ServeOptions
{
    /// <summary>What <c>--http none</c> is read as: no socket can be bound there.</summary>
    private static readonly IPEndPoint Nowhere = new(IPAddress.None, 0);

    private readonly MediaServerOptions _defaults;
    private readonly Option<IPEndPoint[]> _rtmp;
    private readonly Option<IPEndPoint[]> _rtmps;
    private readonly Option<IPEndPoint[]> _http;
    private readonly Option<double> _segmentDuration;
    private readonly Option<string> _viewerIds = OptionFactory.Create(
        "--viewer-ids", "Whether playlists of HLS and DASH tell viewers apart: 'off' where a shared cache stands in front.", "on|off",
        "on or off", static text => text is "on" or "off" ? text : throw new FormatException(), static _ => "on");
    private readonly Option<string> _fastLane = OptionFactory.Create(
        "--http-fast-lane",
        "Whether plain HTTP/1.1 is answered from the mapping: 'off' has Kestrel read every request, and copies what is sent.",
        "on|off", "on or off", static text => text is "on" or "off" ? text : throw new FormatException(), static _ => "on");

    private readonly Option<bool> _list =
        new("--list") { Description = "List the titles of folders by HTTP, as JSON at the folders' paths." };

    private readonly Option<IPEndPoint[]> _https;
    private readonly Option<double> _maxBuffer;
    private readonly Option<int> _chunkSize;
    private readonly Option<double> _handshakeTimeout;
    private readonly Option<double> _idleTimeout;
    private readonly Option<double> _sendTimeout;
    private readonly Option<double> _storageTimeout;
    private readonly Option<int> _maxConnections;
    private readonly Option<long> _maxConnectionBytes;
    private readonly Option<long> _maxHeldBytes;
    private readonly Option<int> _workers;
    private readonly Option<long?> _maxPlayerRate =
        OptionFactory.OptionalLongBytes("--max-player-rate", "The most sent to one player a second; no limit when left out.");
    private readonly Option<long?> _maxServerRate =
        OptionFactory.OptionalLongBytes("--max-server-rate", "The most sent to all players a second; no limit when left out.");
    private readonly Option<int?> _sendBuffer =
        OptionFactory.OptionalBytes("--send-buffer", "The kernel's send buffer of a player; the system's own when left out.");
    private readonly Option<int?> _receiveBuffer =
        OptionFactory.OptionalBytes("--receive-buffer", "The kernel's receive buffer of a player; the system's own when left out.");

    private readonly Option<long?> _maxPacingRate =
        OptionFactory.OptionalLongBytes("--max-pacing-rate",
        "The most the system puts on the wire for one player a second; no limit when left out.");
    private readonly Option<double> _minBuffer;
    private readonly Option<double> _maxPause;
    private readonly Option<long> _minPlayerRate;
    private readonly Option<int> _maxAddressConnections;
    private readonly Option<int> _maxAddressConnects;
    private readonly Option<int> _maxAddressOpenings;
    private readonly Option<int> _maxOpenFiles;
    private readonly Option<long> _maxOpenBytes;
    private readonly Option<double> _maxUnsentTime;
    private readonly Option<double> _acknowledgeTimeout;
    private readonly Option<string[]> _publishKeys = OptionFactory.CreateList(
        "--publish-key",
        "A key that lets publish, of all streams or of one, once or more; 'none' lets everybody. One is made and kept where none is given.",
        "KEY|STREAM=KEY",
        "a key, STREAM=KEY or none (a key does not end with '=')",
        static text => IsKey(text) ? text : throw new FormatException(),
        []);

    private readonly Option<AuthenticationMethod> _publishAuthentication = OptionFactory.Create(
        "--publish-auth",
        "How encoders that connect without a key prove that they know one: the key is the password, and users have any name.",
        "none|adobe|llnw", "none, adobe or llnw", MethodOf, static _ => AuthenticationMethod.None);

    private readonly Option<double> _publishTimeout;
    private readonly Option<double> _publishResumeTime;
    private readonly Option<bool> _publishRefuse = new("--publish-once")
    {
        Description = "Refuse a second publisher of a stream; without, it takes over.",
    };

    private readonly Option<double> _liveWindow;
    private readonly Option<long> _liveMemory;
    private readonly Option<double> _liveLatency;
    private readonly Option<double> _liveSegmentDuration;
    private readonly Option<double> _livePartDuration;
    private readonly Option<double> _livePlayWait;
    private readonly Option<bool> _copyPayload =
        new("--copy-payload") { Description = "Send by copies, as encrypted connections do.", Hidden = true };

    private readonly Option<string?> _certificate = File("--certificate",
        "The certificate of encrypted connections, PEM or .pfx; read anew when it changes. 'mapwire certificate' makes one for trying.");
    private readonly Option<string?> _key = File("--key", "The private key of the certificate, PEM; where it is not in the same file.");
    private readonly Option<string?> _certificatePassword =
        File("--certificate-password", "A file whose first line is the password of the key.");

    private readonly Option<bool> _legacyHevc = new("--legacy-hevc")
    {
        Description = "Send HEVC with the unofficial number 12 to players that offer no codecs (Enhanced RTMP).",
    };

    private readonly Option<string?> _indexCache = new("--index-cache")
    {
        Description = "Where the indices of recordings are kept between runs; 'none' for nowhere.",
        HelpName = "DIR",
        DefaultValueFactory = static _ => GetUserCacheFolder(),
    };

    private readonly Option<string> _statistics = new("--statistics")
    {
        Description = "The name that 'mapwire top' shows this server by; 'off' publishes no statistics. The process id when left out.",
        HelpName = "NAME",
        DefaultValueFactory = static _ => Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
    };

    private readonly Option<string?> _statisticsFolder = new("--statistics-folder")
    {
        Description = "A folder for the statistics' file, best one in memory; the user's own shared memory when left out.",
        HelpName = "DIR",
    };

    private readonly LimitOptions _limits = new();
    private readonly Dictionary<string, Option> _byProperty;

    /// <param name="defaults">Whose values count where an option is left out.</param>
    public ServeOptions(MediaServerOptions defaults)
    {
        _defaults = defaults;
        _rtmp = OptionFactory.CreateList(
            "--rtmp",
            "Where to listen, once or more; port 0 picks a free one, [::] is IPv6 and IPv4.",
            "HOST:PORT",
            EndPointText.Takes,
            EndPointText.Parse,
            [.. defaults.EndPoints]);
        _rtmps = OptionFactory.CreateList(
            "--rtmps",
            "Where to listen for encrypted connections, once or more; needs --certificate.",
            "HOST:PORT",
            EndPointText.Takes,
            EndPointText.Parse,
            [.. defaults.EncryptedEndPoints]);
        _http = OptionFactory.CreateList(
            "--http",
            "Where to listen for HTTP, once or more; 'none' for nowhere. The default port is done without where it is taken.",
            "HOST:PORT",
            $"none or {EndPointText.Takes}",
            static text => text == "none" ? Nowhere : EndPointText.Parse(text),
            [.. defaults.HttpEndPoints]);
        _segmentDuration = Seconds("--segment-duration", "How long a segment of HLS and DASH should be.", defaults.SegmentDuration);
        _https = OptionFactory.CreateList(
            "--https",
            "Where to listen for encrypted HTTP (HTTP/2, HTTP/1.1), once or more; needs --certificate.",
            "HOST:PORT",
            EndPointText.Takes,
            EndPointText.Parse,
            [.. defaults.EncryptedHttpEndPoints]);
        _maxBuffer =
            Seconds("--max-buffer", "The most media sent ahead of a player's clock, whatever it asks for.", defaults.MaxClientBuffer);
        _chunkSize = OptionFactory.Bytes("--chunk-size", "The RTMP chunk size for players.", defaults.ChunkSize);
        _handshakeTimeout = Seconds("--handshake-timeout", "From accept to the connect command.", defaults.HandshakeTimeout);
        _idleTimeout = Seconds("--idle-timeout", "How long a connection may do nothing.", defaults.IdleTimeout);
        _sendTimeout = Seconds("--send-timeout", "How long a player may not read what it is sent.", defaults.SendTimeout);
        _storageTimeout =
            Seconds("--storage-timeout", "How long the file system of a played recording may not answer.", defaults.Limits.StorageTimeout);
        _maxConnections = OptionFactory.Count("--max-connections", "The most connections at once.", defaults.MaxConnections);
        _maxConnectionBytes =
            OptionFactory.LongBytes("--max-connection-bytes", "What one connection may make the server hold.", defaults.MaxConnectionBytes);
        _maxHeldBytes = OptionFactory.LongBytes(
            "--max-held-bytes", "What all connections may make the server hold, and those of one address half of it.",
            defaults.MaxHeldBytes);
        _workers = OptionFactory.Count("--workers", "Threads that serve connections.", defaults.Workers);
        _minBuffer =
            Seconds("--min-buffer", "The least media sent ahead of a player's clock, whatever it asks for.", defaults.MinClientBuffer);
        _maxPause = Seconds("--max-pause", "How long a player may stay paused.", defaults.MaxPause);
        _minPlayerRate =
            OptionFactory.LongBytes("--min-player-rate",
            "What a player has to read a second while its socket is full, over the send timeout; 0 for anything.", defaults.MinPlayerRate);
        _maxAddressConnections =
            OptionFactory.Count("--max-address-connections", "The most connections of one address at once; 0 for no limit.",
            defaults.MaxConnectionsPerAddress);
        _maxAddressConnects =
            OptionFactory.Count(
                "--max-address-connects", "New connections a second of one address, on average over ten seconds; 0 for no limit.",
            defaults.MaxConnectsPerAddress);
        _maxAddressOpenings =
            OptionFactory.Count("--max-address-openings", "Titles opened at once for one address, others of it wait; 0 for no limit.",
            defaults.MaxOpeningsPerAddress);
        _maxOpenFiles =
            OptionFactory.Count("--max-open-files", "The most recordings open at once, those played too.", defaults.MaxOpenFiles);
        _maxOpenBytes =
            OptionFactory.LongBytes("--max-open-bytes", "What the indices of all open recordings may take.", defaults.MaxOpenBytes);
        _maxUnsentTime =
            Seconds("--max-unsent-time", "What may wait unsent in a full socket, as time of its path's rate; 0 for the system's own.",
            defaults.MaxUnsentTime);
        _acknowledgeTimeout =
            Seconds("--acknowledge-timeout", "How long sent bytes may stay without an acknowledgement.", defaults.AcknowledgeTimeout);
        _publishTimeout = Seconds(
            "--publish-timeout", "How long a publisher may send nothing before it counts as lost.", defaults.PublishTimeout);
        _publishResumeTime = Seconds(
            "--publish-resume-time", "How long a live stream waits for a publisher that was lost; 0 for not at all.",
            defaults.PublishResumeTime);
        _liveWindow = Seconds("--live-window", "What is kept of a live stream for those who come late.", defaults.LiveWindow);
        _liveMemory = OptionFactory.LongBytes("--live-memory-bytes", "The memory that all live streams lie in.", defaults.LiveMemoryBytes);
        _liveLatency = Seconds(
            "--live-latency", "The longest that messages of a live stream wait for others where many watch.", defaults.LiveLatency);
        _liveSegmentDuration = Seconds(
            "--live-segment-duration", "How long a segment of a live stream should be.", defaults.LiveSegmentDuration);
        _livePartDuration = Seconds(
            "--live-part-duration", "How long a part of such a segment should be (LL-HLS).", defaults.LivePartDuration);
        _livePlayWait = Seconds(
            "--live-play-wait", "How long a player waits for a live stream that nobody publishes yet; 0 for not at all.",
            defaults.LivePlayWait);
        _byProperty = new Dictionary<string, Option>(StringComparer.Ordinal)
        {
            [nameof(MediaServerOptions.EndPoints)] = _rtmp,
            [nameof(MediaServerOptions.EncryptedEndPoints)] = _rtmps,
            [nameof(MediaServerOptions.HttpEndPoints)] = _http,
            [nameof(MediaServerOptions.SegmentDuration)] = _segmentDuration,
            [nameof(MediaServerOptions.HasViewerIds)] = _viewerIds,
            [nameof(MediaServerOptions.HasHttpFastLane)] = _fastLane,
            [nameof(MediaServerOptions.ListsTitles)] = _list,
            [nameof(MediaServerOptions.EncryptedHttpEndPoints)] = _https,
            [nameof(MediaServerOptions.CertificateFile)] = _certificate,
            [nameof(MediaServerOptions.KeyFile)] = _key,
            [nameof(MediaServerOptions.CertificatePasswordFile)] = _certificatePassword,
            [nameof(MediaServerOptions.MaxClientBuffer)] = _maxBuffer,
            [nameof(MediaServerOptions.ChunkSize)] = _chunkSize,
            [nameof(MediaServerOptions.HandshakeTimeout)] = _handshakeTimeout,
            [nameof(MediaServerOptions.IdleTimeout)] = _idleTimeout,
            [nameof(MediaServerOptions.SendTimeout)] = _sendTimeout,
            [nameof(TitleLimits.StorageTimeout)] = _storageTimeout,
            [nameof(MediaServerOptions.MaxConnections)] = _maxConnections,
            [nameof(MediaServerOptions.MaxConnectionBytes)] = _maxConnectionBytes,
            [nameof(MediaServerOptions.MaxHeldBytes)] = _maxHeldBytes,
            [nameof(MediaServerOptions.Workers)] = _workers,
            [nameof(MediaServerOptions.MaxPlayerRate)] = _maxPlayerRate,
            [nameof(MediaServerOptions.MaxServerRate)] = _maxServerRate,
            [nameof(MediaServerOptions.SendBuffer)] = _sendBuffer,
            [nameof(MediaServerOptions.ReceiveBuffer)] = _receiveBuffer,
            [nameof(MediaServerOptions.MaxPacingRate)] = _maxPacingRate,
            [nameof(MediaServerOptions.MinClientBuffer)] = _minBuffer,
            [nameof(MediaServerOptions.MaxPause)] = _maxPause,
            [nameof(MediaServerOptions.MinPlayerRate)] = _minPlayerRate,
            [nameof(MediaServerOptions.MaxConnectionsPerAddress)] = _maxAddressConnections,
            [nameof(MediaServerOptions.MaxConnectsPerAddress)] = _maxAddressConnects,
            [nameof(MediaServerOptions.MaxOpeningsPerAddress)] = _maxAddressOpenings,
            [nameof(MediaServerOptions.MaxOpenFiles)] = _maxOpenFiles,
            [nameof(MediaServerOptions.MaxOpenBytes)] = _maxOpenBytes,
            [nameof(MediaServerOptions.MaxUnsentTime)] = _maxUnsentTime,
            [nameof(MediaServerOptions.AcknowledgeTimeout)] = _acknowledgeTimeout,
            [nameof(MediaServerOptions.PublishKeys)] = _publishKeys,
            [nameof(MediaServerOptions.PublisherAuthentication)] = _publishAuthentication,
            [nameof(MediaServerOptions.PublishTimeout)] = _publishTimeout,
            [nameof(MediaServerOptions.PublishResumeTime)] = _publishResumeTime,
            [nameof(MediaServerOptions.PublisherTakesOver)] = _publishRefuse,
            [nameof(MediaServerOptions.LiveWindow)] = _liveWindow,
            [nameof(MediaServerOptions.LiveMemoryBytes)] = _liveMemory,
            [nameof(MediaServerOptions.LiveLatency)] = _liveLatency,
            [nameof(MediaServerOptions.LiveSegmentDuration)] = _liveSegmentDuration,
            [nameof(MediaServerOptions.LivePartDuration)] = _livePartDuration,
            [nameof(MediaServerOptions.LivePlayWait)] = _livePlayWait,
            [nameof(MediaServerOptions.CopiesPayload)] = _copyPayload,
            [nameof(MediaServerOptions.LegacyHevc)] = _legacyHevc,
            [nameof(MediaServerOptions.IndexCacheFolder)] = _indexCache,
            [nameof(MediaServerOptions.StatisticsName)] = _statistics,
            [nameof(MediaServerOptions.StatisticsFolder)] = _statisticsFolder,
        };
    }

    /// <summary>Adds the options to the command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in _byProperty.Values)
        {
            command.Options.Add(option);
        }

        _limits.AddTo(command);
    }

    /// <summary>What was given on the command line.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="folder">The folder that is served.</param>
    /// <param name="madeKey">The key that was made, where none was given (<see cref="GivesKeys"/>); null for none.</param>
    public MediaServerOptions Read(ParseResult parsed, string folder, string? madeKey) => new()
    {
        Folder = folder,
        OptionNames = _byProperty.ToDictionary(static pair => pair.Key, static pair => pair.Value.Name, StringComparer.Ordinal),
        Application = _defaults.Application,
        EndPoints = parsed.GetValue(_rtmp)!,
        EncryptedEndPoints = parsed.GetValue(_rtmps)!,
        HttpEndPoints = [.. parsed.GetValue(_http)!.Where(static endPoint => endPoint != Nowhere)],
        IsHttpOptional = parsed.GetResult(_http) is null or { Implicit: true },
        SegmentDuration = TimeSpan.FromSeconds(parsed.GetValue(_segmentDuration)),
        HasViewerIds = parsed.GetValue(_viewerIds) == "on",
        HasHttpFastLane = parsed.GetValue(_fastLane) == "on",
        ListsTitles = parsed.GetValue(_list),
        EncryptedHttpEndPoints = parsed.GetValue(_https)!,
        CertificateFile = parsed.GetValue(_certificate),
        KeyFile = parsed.GetValue(_key),
        CertificatePasswordFile = parsed.GetValue(_certificatePassword),
        MaxClientBuffer = TimeSpan.FromSeconds(parsed.GetValue(_maxBuffer)),
        ChunkSize = parsed.GetValue(_chunkSize),
        HandshakeTimeout = TimeSpan.FromSeconds(parsed.GetValue(_handshakeTimeout)),
        IdleTimeout = TimeSpan.FromSeconds(parsed.GetValue(_idleTimeout)),
        SendTimeout = TimeSpan.FromSeconds(parsed.GetValue(_sendTimeout)),
        MaxConnections = parsed.GetValue(_maxConnections),
        MaxConnectionBytes = parsed.GetValue(_maxConnectionBytes),
        MaxHeldBytes = parsed.GetValue(_maxHeldBytes),
        Workers = parsed.GetValue(_workers),
        MaxPlayerRate = parsed.GetValue(_maxPlayerRate),
        MaxServerRate = parsed.GetValue(_maxServerRate),
        SendBuffer = parsed.GetValue(_sendBuffer),
        ReceiveBuffer = parsed.GetValue(_receiveBuffer),
        MaxPacingRate = parsed.GetValue(_maxPacingRate),
        MinClientBuffer = TimeSpan.FromSeconds(parsed.GetValue(_minBuffer)),
        MaxPause = TimeSpan.FromSeconds(parsed.GetValue(_maxPause)),
        MinPlayerRate = parsed.GetValue(_minPlayerRate),
        MaxConnectionsPerAddress = parsed.GetValue(_maxAddressConnections),
        MaxConnectsPerAddress = parsed.GetValue(_maxAddressConnects),
        MaxOpeningsPerAddress = parsed.GetValue(_maxAddressOpenings),
        MaxOpenFiles = parsed.GetValue(_maxOpenFiles),
        MaxOpenBytes = parsed.GetValue(_maxOpenBytes),
        MaxUnsentTime = TimeSpan.FromSeconds(parsed.GetValue(_maxUnsentTime)),
        AcknowledgeTimeout = TimeSpan.FromSeconds(parsed.GetValue(_acknowledgeTimeout)),
        AllowsPublishing = parsed.GetValue(_publishKeys) is ["none"],
        PublishKeys = ReadKeys(parsed, madeKey),
        PublisherAuthentication = parsed.GetValue(_publishAuthentication),
        PublishTimeout = TimeSpan.FromSeconds(parsed.GetValue(_publishTimeout)),
        PublishResumeTime = TimeSpan.FromSeconds(parsed.GetValue(_publishResumeTime)),
        PublisherTakesOver = !parsed.GetValue(_publishRefuse),
        LiveWindow = TimeSpan.FromSeconds(parsed.GetValue(_liveWindow)),
        LiveMemoryBytes = parsed.GetValue(_liveMemory),
        LiveLatency = TimeSpan.FromSeconds(parsed.GetValue(_liveLatency)),
        LiveSegmentDuration = TimeSpan.FromSeconds(parsed.GetValue(_liveSegmentDuration)),
        LivePartDuration = TimeSpan.FromSeconds(parsed.GetValue(_livePartDuration)),
        LivePlayWait = TimeSpan.FromSeconds(parsed.GetValue(_livePlayWait)),
        CopiesPayload = parsed.GetValue(_copyPayload),
        LegacyHevc = parsed.GetValue(_legacyHevc),
        Limits = ReadLimits(parsed),
        IndexCacheFolder = parsed.GetValue(_indexCache) is { } cache and not "none" ? cache : null,
        StatisticsName = parsed.GetValue(_statistics) is { } name and not "off" ? name : null,
        StatisticsFolder = parsed.GetValue(_statisticsFolder),
    };

    /// <summary>Whether the command line says who may publish.</summary>
    public bool GivesKeys(ParseResult parsed) => parsed.GetValue(_publishKeys) is { Length: > 0 };

    /// <summary>The server's message about one of its options, in the command's words.</summary>
    public string Translate(ArgumentException exception, ParseResult parsed) =>
        OptionFactory.Translate(exception, parsed, property => _byProperty.GetValueOrDefault(property) ?? _limits.Find(property));

    private PublishKey[] ReadKeys(ParseResult parsed, string? madeKey) => parsed.GetValue(_publishKeys) switch
    {
        ["none"] => [],
        { } keys when keys.Contains("none") => throw new ArgumentException($"{_publishKeys.Name} none and keys exclude each other"),
        { Length: > 0 } keys => [.. keys.Select(KeyOf)],
        _ => madeKey is null ? [] : [new PublishKey(null, madeKey)],
    };

    /// <summary>Whether a word is a key, or a stream and a key.</summary>
    private static bool IsKey(string text) => text.Length > 0 && !text.EndsWith('=');

    private static AuthenticationMethod MethodOf(string text) => text switch
    {
        "none" => AuthenticationMethod.None,
        "adobe" => AuthenticationMethod.Adobe,
        "llnw" => AuthenticationMethod.Limelight,
        _ => throw new FormatException(),
    };

    private static PublishKey KeyOf(string text) => text.IndexOf('=', StringComparison.Ordinal) is > 0 and int mark
        ? new PublishKey(text[..mark], text[(mark + 1)..])
        : new PublishKey(null, text);

    private TitleLimits ReadLimits(ParseResult parsed)
    {
        TitleLimits limits = _limits.Read(parsed);
        return limits with
        {
            StorageTimeout = TimeSpan.FromSeconds(parsed.GetValue(_storageTimeout)),
            OptionNames = new Dictionary<string, string>(limits.OptionNames, StringComparer.Ordinal)
            {
                [nameof(TitleLimits.StorageTimeout)] = _storageTimeout.Name,
            },
        };
    }

    private static Option<string?> File(string name, string description) => new(name) { Description = description, HelpName = "FILE" };

    private static Option<double> Seconds(string name, string description, TimeSpan value) =>
        OptionFactory.Seconds(name, description, value.TotalSeconds);

    /// <summary>
    /// Where this user's programs keep what they can make again (XDG Base Directory Specification; Windows: local application data).
    /// </summary>
    private static string? GetUserCacheFolder()
    {
        string? caches = OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(caches) && Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home)
        {
            caches = Path.Combine(home, OperatingSystem.IsMacOS() ? "Library/Caches" : ".cache");
        }

        return string.IsNullOrEmpty(caches) ? null : Path.Combine(caches, "mapwire", "index");
    }
}
