using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mapwire.Server;
using Mapwire.Server.Catalog;
using Mapwire.Server.Hosting;
using Microsoft.Extensions.Logging.Console;

namespace Mapwire.Cli;

/// <summary><c>mapwire serve [DIR]</c>: serves a folder until it is told to stop.</summary>
internal static class ServeCommand
{
    /// <summary>The clip that came with the program, served when no folder is named.</summary>
    private static readonly string SampleFolder = Path.Combine(AppContext.BaseDirectory, "clips");

    /// <summary>How long titles are counted for the line that says how many there are: a tree of a million files on a local disk.</summary>
    private static readonly TimeSpan CountLimit = TimeSpan.FromSeconds(10);

    /// <summary>The subcommand.</summary>
    public static Command Create()
    {
        RtmpServerOptions defaults = new() { Folder = SampleFolder };
        Argument<string?> folder = new("DIR")
        {
            Description = "The folder with the recordings; the sample clip when left out.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        folder.Validators.Add(static given =>
        {
            if (given.Tokens.Count > 0 && given.Tokens[0].Value.StartsWith('-'))
            {
                given.AddError($"no option {given.Tokens[0].Value}; a folder of that name is ./{given.Tokens[0].Value}");
            }
        });
        Option<IPEndPoint> rtmp = new("--rtmp")
        {
            Description = "Where to listen; port 0 picks a free one.",
            HelpName = "HOST:PORT",
            CustomParser = ParseEndPoint,
            DefaultValueFactory = _ => defaults.EndPoint,
        };
        Option<double> maxBuffer = new("--max-buffer")
        {
            Description = "The most media sent ahead of a player's clock, whatever it asks for.",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => defaults.MaxClientBuffer.TotalSeconds,
        };
        Option<int> chunkSize = new("--chunk-size")
        {
            Description = "The RTMP chunk size for players.",
            HelpName = "BYTES",
            DefaultValueFactory = _ => defaults.ChunkSize,
        };
        Option<double> handshakeTimeout = Seconds("--handshake-timeout", "From accept to the connect command.", defaults.HandshakeTimeout);
        Option<double> idleTimeout = Seconds("--idle-timeout", "How long a connection may do nothing.", defaults.IdleTimeout);
        Option<double> sendTimeout = Seconds("--send-timeout", "How long a player may not read what it is sent.", defaults.SendTimeout);
        Option<int> maxConnections = new("--max-connections")
        {
            Description = "The most connections at once.",
            HelpName = "N",
            DefaultValueFactory = _ => defaults.MaxConnections,
        };
        Option<int> workers = new("--workers")
        {
            Description = "Threads that serve connections.",
            HelpName = "N",
            DefaultValueFactory = _ => defaults.Workers,
        };
        Option<long?> maxPlayerRate = Bytes<long?>("--max-player-rate", "The most sent to one player, in bytes a second; no limit when left out.");
        Option<long?> maxServerRate = Bytes<long?>("--max-server-rate", "The most sent to all players, in bytes a second; no limit when left out.");
        Option<int?> sendBuffer = Bytes<int?>("--send-buffer", "The kernel's send buffer of a player; the system's own when left out.");
        Option<int?> receiveBuffer = Bytes<int?>("--receive-buffer", "The kernel's receive buffer of a player; the system's own when left out.");
        Option<bool> legacyHevc = new("--legacy-hevc")
        {
            Description = "Send HEVC with the unofficial number 12 to players that offer no codecs (Enhanced RTMP).",
        };
        Option<string?> indexCache = new("--index-cache")
        {
            Description = "Where the indices of recordings are kept between runs; 'none' for nowhere.",
            HelpName = "DIR",
            DefaultValueFactory = static _ => UserCacheFolder(),
        };
        Option<string> statistics = new("--statistics")
        {
            Description = "The name that 'mapwire top' shows this server by; 'off' publishes no statistics. The process id when left out.",
            HelpName = "NAME",
            DefaultValueFactory = static _ => Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
        };
        Option<string?> statisticsFolder = new("--statistics-folder")
        {
            Description = "A folder for the statistics' file, best one in memory; the user's own shared memory when left out.",
            HelpName = "DIR",
        };
        Command command = new("serve", "Serves the recordings of a folder as rtmp://HOST:PORT/vod/FILE.")
        {
            folder, rtmp, maxBuffer, chunkSize, handshakeTimeout, idleTimeout, sendTimeout, maxConnections, workers,
            maxPlayerRate, maxServerRate, sendBuffer, receiveBuffer, indexCache, legacyHevc, statistics, statisticsFolder,
        };
        LimitOptions limits = new();
        limits.AddTo(command);
        command.SetAction(parsed => Serve(() => new RtmpServerOptions
        {
            Folder = parsed.GetValue(folder) ?? SampleFolder,
            EndPoint = parsed.GetValue(rtmp)!,
            MaxClientBuffer = TimeSpan.FromSeconds(parsed.GetValue(maxBuffer)),
            ChunkSize = parsed.GetValue(chunkSize),
            HandshakeTimeout = TimeSpan.FromSeconds(parsed.GetValue(handshakeTimeout)),
            IdleTimeout = TimeSpan.FromSeconds(parsed.GetValue(idleTimeout)),
            SendTimeout = TimeSpan.FromSeconds(parsed.GetValue(sendTimeout)),
            MaxConnections = parsed.GetValue(maxConnections),
            Workers = parsed.GetValue(workers),
            MaxPlayerRate = parsed.GetValue(maxPlayerRate),
            MaxServerRate = parsed.GetValue(maxServerRate),
            SendBuffer = parsed.GetValue(sendBuffer),
            ReceiveBuffer = parsed.GetValue(receiveBuffer),
            LegacyHevc = parsed.GetValue(legacyHevc),
            Limits = limits.Read(parsed),
            IndexCacheFolder = parsed.GetValue(indexCache) is { } cache and not "none" ? cache : null,
            StatisticsName = parsed.GetValue(statistics) is { } name and not "off" ? name : null,
            StatisticsFolder = parsed.GetValue(statisticsFolder),
        }));
        return command;
    }

    private static Option<T> Bytes<T>(string name, string description) => new(name) { Description = description, HelpName = "BYTES" };

    private static Option<double> Seconds(string name, string description, TimeSpan value) => new(name)
    {
        Description = description,
        HelpName = "SECONDS",
        DefaultValueFactory = _ => value.TotalSeconds,
    };

    /// <summary>Where this user's programs keep what they can make again (XDG Base Directory Specification; Windows: local application data).</summary>
    private static string? UserCacheFolder()
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

    private static int Serve(Func<RtmpServerOptions> choose)
    {
        using StopSignals signals = new();
        using ConsoleLoggerProvider logs = ConsoleLog.Create();
        RtmpServerOptions options;
        RtmpServer server;
        try
        {
            options = choose();
            server = new RtmpServer(options, logs.CreateLogger("mapwire"));
        }
        catch (Exception exception) when (exception is ArgumentException or IOException or UnauthorizedAccessException or OverflowException)
        {
            return ExitCode.Misuse(exception.Message);
        }

        using (server)
        {
            try
            {
                server.Start();
            }
            catch (SocketException exception)
            {
                return ExitCode.Misuse($"cannot listen on {options.EndPoint}: {exception.Message}");
            }

            Output.TryWriteLine($"Listening on rtmp://{server.EndPoint}/{options.Application}");
            _ = TellTitlesAsync(server, Path.GetFullPath(options.Folder));
            signals.Wait();
            server.Stop();
        }

        return ExitCode.Success;
    }

    /// <summary>Says how many titles there are, when they are counted: serving and ending do not wait for a file system that does not answer.</summary>
    private static async Task TellTitlesAsync(RtmpServer server, string folder)
    {
        TitleCount count = await server.CountTitlesAsync(CountLimit).ConfigureAwait(false);
        string least = count.Pending is null ? "" : "at least ";
        Output.TryWriteLine($"{least}{count.Titles} {(count.Titles == 1 ? "title" : "titles")} in {folder}");
        if (count.FirstFault is { } fault)
        {
            Output.TryWriteError($"{count.UnreadableFolders} {(count.UnreadableFolders == 1 ? "folder" : "folders")} could not be read; the first: {fault}");
        }

        if (count.Pending is { } pending)
        {
            Output.TryWriteError($"titles were counted for {CountLimit.TotalSeconds:0} s; not done with {TerminalText.Clean(pending)}");
        }
    }

    private static IPEndPoint? ParseEndPoint(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? "" : text[..colon];
        if (!ushort.TryParse(text.AsSpan(colon + 1), out ushort port) || host.Length == 0)
        {
            argument.AddError($"--rtmp takes HOST:PORT, such as 127.0.0.1:1935; '{text}' is not that");
            return null;
        }

        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return new IPEndPoint(address, port);
        }

        try
        {
            return new IPEndPoint(Dns.GetHostAddresses(host)[0], port);
        }
        catch (SocketException)
        {
            argument.AddError($"--rtmp: no host {host}");
            return null;
        }
    }
}
