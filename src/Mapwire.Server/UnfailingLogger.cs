using Microsoft.Extensions.Logging;

namespace Mapwire.Server;

/// <summary>
/// A caller's logger whose faults are its own: a full disk or a bug behind it costs the line, and not the connection or the thread that
/// wrote it.
/// </summary>
internal sealed class UnfailingLogger(ILogger inner) : ILogger
{
    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        try
        {
            inner.Log(logLevel, eventId, state, exception, formatter);
        }
        catch (Exception)
        {
            // There is nobody else to tell.
        }
    }

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return inner.IsEnabled(logLevel);
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);
}
