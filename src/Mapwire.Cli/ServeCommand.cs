using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Mapwire.Server;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Mapwire.Cli;

/// <summary><c>mapwire serve [DIR]</c>: serves a folder until it is told to stop.</summary>
internal static class ServeCommand
{
    /// <summary>The clip that came with the program, served when no folder is named.</summary>
    private static readonly string SampleFolder = Path.Combine(AppContext.BaseDirectory, "clips");

    /// <summary>The port that HTTP has where it is not told: what is used beside 80, which only root may have.</summary>
    private const int HttpPort = 8080;

    /// <summary>How long titles are counted for the line that says how many there are: a tree of a million files on a local disk.</summary>
    private static readonly TimeSpan CountLimit = TimeSpan.FromSeconds(10);

    /// <summary>The subcommand.</summary>
    public static Command Create()
    {
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
            else if (given.Tokens is [{ Value: "" }])
            {
                given.AddError("DIR must name a folder (was '')");
            }
        });
        Command command = new("serve", "Serves the recordings of a folder as rtmp://HOST:PORT/vod/FILE and http://HOST:PORT/vod/FILE.")
        {
            folder,
        };
        ServeOptions options = new(new MediaServerOptions
        {
            Folder = SampleFolder,
            HttpEndPoints = [new IPEndPoint(IPAddress.Any, HttpPort)],
        });
        options.AddTo(command);
        command.SetAction(parsed => Serve(options, parsed, parsed.GetValue(folder) ?? SampleFolder));
        return command;
    }

    private static int Serve(ServeOptions words, ParseResult parsed, string folder)
    {
        using StopSignals signals = new();
        using ILoggerProvider logs = ConsoleLog.Create();
        MediaServerOptions options;
        MediaServer server;
        (string? Key, string? Place) made;
        try
        {
            made = words.GivesKeys(parsed) ? default : MakeKey();
            options = words.Read(parsed, folder, made.Key);
            options.Validate(); // before anything is started by the number that a word says
            if (ThreadRoom.FindShortage(options.Workers) is { } threads)
            {
                return ExitCode.Fail(
                    $"the system starts only {threads} threads beside what runs, and a server may need more: {ThreadRoom.Advice}");
            }

            ThreadRoom.BoundPool();
            ProcessLimits.RaiseDescriptors();
            Task<MediaServer> creating = Task.Run(() => new MediaServer(options, logs.CreateLogger("mapwire")));
            if (!WaitFor(creating, signals))
            {
                return ExitCode.Success; // told to stop while the folder's file system does not answer
            }

            server = creating.GetAwaiter().GetResult();
        }
        catch (ArgumentException exception)
        {
            return ExitCode.Misuse(words.Translate(exception, parsed));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or OverflowException)
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
                return ExitCode.Fail(exception.Message);
            }

            foreach (string url in server.Urls)
            {
                Output.TryWriteLine($"Listening on {url}");
            }

            _ = TellAsync(server, options, made);
            signals.Wait();
            server.Stop();
        }

        return ExitCode.Success;
    }

    /// <summary>The key that lets publish where none is given, and its file; or no key, and why.</summary>
    private static (string? Key, string? Place) MakeKey()
    {
        try
        {
            return PublishKeyFile.GetPath() is { } path
                ? (PublishKeyFile.ReadOrCreate(path), path)
                : (null, "there is no folder to keep a key in (HOME, XDG_STATE_HOME)");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return (null, exception.Message);
        }
    }

    /// <summary>Says how to publish. The key is told to a terminal alone: what is redirected is kept and read by others.</summary>
    private static void TellPublishing(MediaServer server, MediaServerOptions options, string? place, bool isKnown)
    {
        if (options.AllowsPublishing)
        {
            Output.TryWriteLine("Everybody may publish");
        }
        else if (!isKnown && place is not null)
        {
            Output.TryWriteError($"nobody can publish without --publish-key: {place}");
        }
        else if (place is not null)
        {
            Output.TryWriteLine(
                Console.IsOutputRedirected
                ? $"Publishing takes the key in {place}"
                : $"Publish to {server.Urls[0]}/STREAM?key={options.PublishKeys[0].Key} (the key is in {place})");
        }
    }

    /// <summary>Waits for a task, or a signal.</summary>
    /// <returns>Whether the task is done.</returns>
    private static bool WaitFor(Task task, StopSignals signals)
    {
        try
        {
            task.Wait(signals.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (AggregateException)
        {
            // The task's own fault; its result throws it.
        }

        return true;
    }

    /// <summary>Says what there is to play, and how to publish: behind the addresses, which scripts look for.</summary>
    private static async Task TellAsync(MediaServer server, MediaServerOptions options, (string? Key, string? Place) made)
    {
        await TellTitlesAsync(server, Path.GetFullPath(options.Folder)).ConfigureAwait(false);
        TellPublishing(server, options, made.Place, isKnown: made.Key is not null);
    }

    /// <summary>
    /// Says how many titles there are, when they are counted: serving and ending do not wait for a file system that does not answer.
    /// </summary>
    private static async Task TellTitlesAsync(MediaServer server, string folder)
    {
        TitleCount count = await server.CountTitlesAsync(CountLimit).ConfigureAwait(false);
        string least = count.Pending is null ? "" : "at least ";
        Output.TryWriteLine($"{least}{count.Titles} {(count.Titles == 1 ? "title" : "titles")} in {folder}");
        if (count.FirstFault is { } fault)
        {
            Output.TryWriteError(
                $"{count.UnreadableFolders} {(count.UnreadableFolders == 1 ? "folder" : "folders")} could not be read; the first: {fault}");
        }

        if (count.FirstUnnamed is { } unnamed)
        {
            Output.TryWriteError(
                $"{count.UnnamedFiles} {(count.UnnamedFiles == 1 ? "file or folder has" : "files and folders have")} a name that no player "
                + $"can ask for; the first: {unnamed}");
        }

        if (count.Pending is { } pending)
        {
            Output.TryWriteError($"titles were counted for {CountLimit.TotalSeconds:0} s; not done with {TerminalText.Clean(pending)}");
        }
    }
}
