using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Mapwire.Cli;

/// <summary>The log on the console, a line an event: <c>time level: message</c>.</summary>
internal static class ConsoleLog
{
    /// <summary>Where nobody reads the log, lines are lost (and counted), and no player waits for them.</summary>
    private const ConsoleLoggerQueueFullMode WhenFull = ConsoleLoggerQueueFullMode.DropWrite;

    /// <summary>
    /// Puts the library's parts together by hand: its own way, over dependency injection, is a third of the time until a server listens.
    /// Disposing the provider writes what is still queued. Without a standard output there is no log.
    /// </summary>
    public static ILoggerProvider Create() => !StandardStreams.HasOutput
        ? NullLoggerProvider.Instance
        : new ConsoleLoggerProvider(
        new FixedOptions(new ConsoleLoggerOptions { FormatterName = LineFormatter.Called, QueueFullMode = WhenFull }),
        [new LineFormatter()]);

    private sealed class FixedOptions(ConsoleLoggerOptions options) : IOptionsMonitor<ConsoleLoggerOptions>
    {
        public ConsoleLoggerOptions CurrentValue => options;

        public ConsoleLoggerOptions Get(string? name) => options;

        public IDisposable? OnChange(Action<ConsoleLoggerOptions, string?> listener) => null;
    }

    private sealed class LineFormatter() : ConsoleFormatter(Called)
    {
        public const string Called = "line";

        public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
        {
            textWriter.Write(DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z '", CultureInfo.InvariantCulture));
            textWriter.Write(Word(logEntry.LogLevel));
            textWriter.Write(": ");
            textWriter.Write(logEntry.Formatter(logEntry.State, logEntry.Exception));
            if (logEntry.Exception is { } exception)
            {
                textWriter.Write(' ');
                textWriter.Write(exception.ToString().ReplaceLineEndings(" "));
            }

            textWriter.Write(Environment.NewLine);
        }

        private static string Word(LogLevel level) => level switch
        {
            LogLevel.Trace or LogLevel.Debug => "debug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warning",
            _ => "error",
        };
    }
}
