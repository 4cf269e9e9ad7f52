using Mapwire.Memory.Sharing;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Statistics;

/// <summary>A title's place. Written when a player begins it or is done with it, under <see cref="ServerStatistics"/>' lock.</summary>
internal sealed class TitleStatistics(SharedCell<TitleRecord> cell)
{
    private TitleRecord _record;

    /// <summary>The name that the place has now; null before the first.</summary>
    public string? Name { get; private set; }

    /// <summary>Names the title in players' records.</summary>
    public long Id => _record.Id;

    /// <summary>Players that play it now.</summary>
    public int Players { get; private set; }

    /// <summary>Where it stands among those that nobody plays.</summary>
    public LinkedListNode<TitleStatistics>? Idle { get; set; }

    /// <summary>Takes the place for a title.</summary>
    public void Begin(long id, string name)
    {
        Name = name;
        _record = new TitleRecord { Id = id };
        _record.NameLength = RecordText.Write(name, _record.Name);
    }

    /// <summary>A player begins it.</summary>
    public void Enter(in PlayedTitle title)
    {
        Players++;
        _record.Plays++;
        _record.Duration = title.Duration;
        _record.FileLength = title.FileLength;
        cell.WriteSingleWriter(in _record);
    }

    /// <summary>A player is done with it.</summary>
    public void Leave(long bytes, int stalls)
    {
        Players--;
        _record.PastBytes += bytes;
        _record.PastStalls += stalls;
        cell.WriteSingleWriter(in _record);
    }
}

/// <summary>What is said of a title that is played.</summary>
/// <param name="Name">The path below the served folder.</param>
/// <param name="Duration">How long it plays, in milliseconds.</param>
/// <param name="FileLength">Bytes of its file.</param>
internal readonly record struct PlayedTitle(string Name, long Duration, long FileLength)
{
    /// <summary>What is said of a title.</summary>
    public static PlayedTitle Of(Title title) => new(title.Name, (long)title.Duration.TotalMilliseconds, title.Identity.Length);
}
