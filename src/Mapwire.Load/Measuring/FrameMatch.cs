using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;

namespace Mapwire.Load.Measuring;

/// <summary>Finds for each frame that a viewer gets which of those it is that were sent: how long it took, and what is missing.</summary>
/// <remarks>
/// A viewer may begin anywhere. Its first picture is the latest that was sent and is the same; from there on pictures are counted. Sound,
/// which may be alike for long where it is silent, begins with the frame whose distance from the pictures is right. What a server sends
/// of the time before the viewer came is compared and not timed.
/// </remarks>
/// <param name="sent">What was sent.</param>
/// <param name="tally">Takes what is found.</param>
internal sealed class FrameMatch(SentFrames sent, MatchTally tally)
{
    /// <summary>How far behind the last one a frame is looked for that came again.</summary>
    private const int LookedBack = 256;

    /// <summary>The frames among which a viewer's first one is looked for: more than a minute of pictures, or of sound.</summary>
    private const int MaxBacklog = 8192;

    /// <summary>How far sound is looked for from where the pictures say it is, in milliseconds.</summary>
    private const long Nearby = 2_000;

    private const long None = -1;

    private long _video = None; // the number of the last frame that came
    private long _audio = None;
    private long _offset; // the viewer's times are so much later than the publisher's, in milliseconds
    private long _began = None;

    /// <summary>Takes a message.</summary>
    /// <param name="isVideo">Pictures, else sound.</param>
    /// <param name="body">All of it.</param>
    /// <param name="timestamp">Of the message, in milliseconds.</param>
    /// <param name="now">The clock.</param>
    public void Take(bool isVideo, ReadOnlySpan<byte> body, long timestamp, long now)
    {
        try
        {
            FlvPacketReader reader = new(isVideo ? TrackKind.Video : TrackKind.Audio, body);
            while (reader.TryRead(out FlvPacket packet))
            {
                if (packet.Type == FlvPacketType.Frame)
                {
                    _began = _began == None ? now : _began;
                    TakeFrame(isVideo, FilmFrame.Of(packet.Payload, timestamp), now);
                }
            }
        }
        catch (Exception fault) when (fault is FlvFormatException or CodecFormatException)
        {
            tally.Altered++;
        }
    }

    private void TakeFrame(bool isVideo, FilmFrame frame, long now)
    {
        SentTrack track = isVideo ? sent.Video : sent.Audio;
        ref long last = ref (isVideo ? ref _video : ref _audio);
        if (!isVideo && _video == None && !sent.Video.IsEmpty)
        {
            return; // where sound begins, only pictures can tell
        }

        long number = last == None ? Begin(track, isVideo, frame) : GoOn(track, last, frame);
        if (number == None)
        {
            tally.Altered++;
            return;
        }

        if (number <= last)
        {
            tally.Repeated++;
            return;
        }

        tally.Missing += last == None ? 0 : number - last - 1;
        tally.Matched++;
        last = number;
        long sentAt = track.SentAt(number);
        if (sentAt >= _began)
        {
            tally.Latency.Add(now - sentAt);
        }
    }

    private long Begin(SentTrack track, bool isVideo, FilmFrame frame)
    {
        bool leads = isVideo || sent.Video.IsEmpty;
        long best = None;
        long nearest = Nearby + 1;
        for (long number = track.Count - 1; number >= Math.Max(0, track.Count - MaxBacklog); number--)
        {
            long ahead = track.TimeOf(number) + _offset - frame.Time;
            if (!leads && ahead < -Nearby)
            {
                break;
            }

            if (!track.Is(number, frame))
            {
                continue;
            }

            if (leads)
            {
                _offset = frame.Time - track.TimeOf(number);
                return number;
            }

            if (Math.Abs(ahead) < nearest)
            {
                nearest = Math.Abs(ahead);
                best = number;
            }
        }

        return best;
    }

    private static long GoOn(SentTrack track, long last, FilmFrame frame)
    {
        for (long number = last + 1; number < track.Count; number++)
        {
            if (track.Is(number, frame))
            {
                return number;
            }
        }

        for (long number = last; number >= Math.Max(0, last - LookedBack); number--)
        {
            if (track.Is(number, frame))
            {
                return number;
            }
        }

        return None;
    }
}
