using Mapwire.Memory.Sharing;
using Mapwire.Server.Statistics;

namespace Mapwire.Cli;

/// <summary>The servers that <c>mapwire top</c> shows: those that are there, as they come and go.</summary>
/// <param name="name">Only the one of this name; null for all.</param>
/// <param name="folder">Where they publish; null for the default.</param>
internal sealed class TopServers(string? name, string? folder) : IDisposable
{
    private readonly SortedDictionary<string, ServerStatisticsReader> _open = new(StringComparer.Ordinal);

    /// <summary>Why servers that are there cannot be shown, a line each.</summary>
    public List<string> Unreadable { get; } = [];

    /// <summary>Looks at all of them.</summary>
    public List<ServerSnapshot> Look()
    {
        Unreadable.Clear();
        IReadOnlyList<string> names = Names();
        foreach (string gone in _open.Keys.Except(names).ToList())
        {
            Close(gone);
        }

        List<ServerSnapshot> seen = [];
        foreach (string there in names)
        {
            try
            {
                seen.Add(Look(there));
            }
            catch (FileNotFoundException)
            {
                Close(there); // ended just now
            }
            catch (Exception refused) when (refused is SharedMemoryFormatException or IOException or UnauthorizedAccessException)
            {
                Close(there);
                Unreadable.Add($"{there} cannot be read: {refused.Message}");
            }
        }

        return seen;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ServerStatisticsReader reader in _open.Values)
        {
            reader.Dispose();
        }
    }

    private ServerSnapshot Look(string there)
    {
        if (!_open.TryGetValue(there, out ServerStatisticsReader? reader))
        {
            _open[there] = reader = ServerStatisticsReader.Open(there, folder);
        }

        ServerSnapshot seen = reader.Read();
        if (seen.State == ServerState.Dead)
        {
            Close(there); // another server may take the name any time
        }

        return seen;
    }

    private IReadOnlyList<string> Names()
    {
        try
        {
            IReadOnlyList<string> names = ServerStatisticsReader.Names(folder);
            return name is null ? names : [.. names.Where(there => there == name)];
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            Unreadable.Add(refused.Message);
            return [];
        }
    }

    private void Close(string there)
    {
        if (_open.Remove(there, out ServerStatisticsReader? reader))
        {
            reader.Dispose();
        }
    }
}
