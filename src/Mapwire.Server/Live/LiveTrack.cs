using Mapwire.Media;
using Mapwire.Media.Codecs;

namespace Mapwire.Server.Live;

/// <summary>A track of a live stream while it is published: its configuration, its times, and the pages that it is written into.</summary>
/// <param name="pages">Where messages lie.</param>
internal sealed class LiveTrack(LivePages pages)
{
    private readonly Queue<(LiveRun Run, long Last)> _full = new(); // with the number of the last entry in each
    private LiveRun? _run;
    private int _used; // bytes of the run
    private long _last; // the number of the last entry in the run

    /// <summary>The times of its messages.</summary>
    public LiveTrackTimes Times;

    /// <summary>What decoders must know first; null while that is not known.</summary>
    public CodecConfiguration? Configuration { get; set; }

    /// <summary>What the publisher says of colours; null where it says nothing.</summary>
    public VideoColor? Color { get; set; }

    /// <summary>Whether a picture was left out, so that those that follow show nothing until decoding can start again.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Writes a message.</summary>
    /// <param name="bytes">The message.</param>
    /// <param name="number">Of its entry.</param>
    /// <returns>Where it lies in the pages; negative where there is no room.</returns>
    public long Write(ReadOnlySpan<byte> bytes, long number)
    {
        if (_run is null || bytes.Length > _run.Length - _used)
        {
            if (pages.TryTake(bytes.Length) is not { } next)
            {
                return -1;
            }

            Close();
            _run = next;
            _used = 0;
        }

        long offset = _run.Offset + _used;
        pages.Write(offset, bytes);
        _used += bytes.Length;
        _last = number;
        return offset;
    }

    /// <summary>Gives back the pages that hold no entry of the window any more.</summary>
    /// <param name="oldest">The number of the first entry that can be found.</param>
    /// <returns>How many bytes they have.</returns>
    public long Release(long oldest)
    {
        long released = 0;
        while (_full.TryPeek(out (LiveRun Run, long Last) first) && first.Last < oldest)
        {
            LiveRun run = _full.Dequeue().Run;
            released += run.Length;
            pages.Retire(run);
        }

        return released;
    }

    /// <summary>Nothing more is written into the run at hand.</summary>
    public void Close()
    {
        if (_run is not null)
        {
            _full.Enqueue((_run, _last));
            _run = null;
        }
    }
}
