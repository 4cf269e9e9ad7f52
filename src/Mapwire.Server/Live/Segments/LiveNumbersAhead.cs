namespace Mapwire.Server.Live.Segments;

/// <summary>
/// The numbers of streams that are over, as long as the clock has not come to them, so that they never go back for a name: a phone that is
/// lost each minute has more breaks than <see cref="LiveNumbers"/> has room for. Any thread may call it.
/// </summary>
/// <remarks>
/// They are not kept over a restart of the server. A finer clock would be ahead of any stream without that, and players have arrays that
/// are as long as the number; and a server that writes each break to a disk could not take any from a publisher that sends thousands.
/// </remarks>
internal sealed class LiveNumbersAhead
{
    /// <summary>Names that are kept; each had a publisher, and more breaks in its time than any encoder.</summary>
    private const int MaxNames = 4096;

    private readonly Dictionary<string, LiveNumbers> _byName = new(StringComparer.Ordinal);

    /// <summary>Keeps the least numbers of the next stream of a name, where they are ahead.</summary>
    public void Keep(string name, LiveNumbers next)
    {
        LiveNumbers clock = LiveNumbers.At(DateTimeOffset.UtcNow);
        lock (_byName)
        {
            if (LiveNumbers.Max(next, clock) == clock)
            {
                return;
            }

            if (_byName.Count >= MaxNames && !_byName.ContainsKey(name))
            {
                foreach ((string passed, LiveNumbers numbers) in _byName.ToArray())
                {
                    if (LiveNumbers.Max(numbers, clock) == clock)
                    {
                        _byName.Remove(passed);
                    }
                }
            }

            if (_byName.Count < MaxNames || _byName.ContainsKey(name))
            {
                _byName[name] = LiveNumbers.Max(next, _byName.GetValueOrDefault(name));
            }
        }
    }

    /// <summary>The least numbers of the next stream of a name; the default where the clock's are ahead.</summary>
    public LiveNumbers Find(string name)
    {
        lock (_byName)
        {
            return _byName.GetValueOrDefault(name);
        }
    }
}
