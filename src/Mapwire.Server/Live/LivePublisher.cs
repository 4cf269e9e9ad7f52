using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;

namespace Mapwire.Server.Live;

/// <summary>Who publishes a live stream, on its loop's thread.</summary>
/// <param name="stream">The stream.</param>
/// <param name="dismiss">Tells the publisher that it does not publish any more, and why. Called on any thread.</param>
internal sealed class LivePublisher(LiveStream stream, Action<LivePublisher, string> dismiss)
{
    private bool _isGone;

    /// <summary>The stream.</summary>
    public LiveStream Stream { get; } = stream;

    /// <summary>What it sends, measured.</summary>
    public LiveMeter Meter { get; } = new();

    /// <summary>Messages that were not understood.</summary>
    public long Malformed { get; private set; }

    /// <summary>Why the last of them was not understood; null while all were.</summary>
    public string? LastFault { get; private set; }

    /// <summary>Tells the publisher that it does not publish any more. Any thread may call it.</summary>
    public void Dismiss(string reason) => dismiss(this, reason);

    /// <summary>Takes an audio or video message. What is not understood is passed over.</summary>
    /// <param name="kind">Pictures or sound.</param>
    /// <param name="body">The message.</param>
    /// <param name="timestamp">Of the message.</param>
    /// <param name="now">The time.</param>
    public void Take(TrackKind kind, ReadOnlySpan<byte> body, uint timestamp, long now)
    {
        try
        {
            FlvPacketReader reader = new(kind, body);
            while (reader.TryRead(out FlvPacket packet))
            {
                Stream.Take(this, packet, timestamp, now);
                if (packet.Type == FlvPacketType.Frame)
                {
                    Meter.Take(kind == TrackKind.Video, packet.Track == 0, packet.IsSync, packet.Payload.Length, timestamp, now);
                }
            }
        }
        catch (Exception exception) when (exception is FlvFormatException or CodecFormatException)
        {
            Malformed++;
            LastFault = exception.Message;
        }

        if (Stream.IsTimeUp && !_isGone)
        {
            Leave(isFinished: true, now);
            Dismiss("the stream has gone on for 99 days: publish again");
        }
    }

    /// <summary>Takes a data message.</summary>
    /// <param name="values">AMF0.</param>
    /// <param name="now">The time.</param>
    public void TakeData(ReadOnlySpan<byte> values, long now)
    {
        if (LiveMetadata.Read(values) is { } claims)
        {
            Stream.TakeClaims(this, claims, now);
        }
    }

    /// <summary>Lets viewers see what was taken.</summary>
    public void Publish() => Stream.Publish();

    /// <summary>The publisher has gone.</summary>
    /// <param name="isFinished">Whether it said that this is the end, else its connection was lost.</param>
    /// <param name="now">The time.</param>
    public void Leave(bool isFinished, long now)
    {
        if (!_isGone)
        {
            _isGone = true;
            Stream.Unpublish(this, isFinished, now);
        }
    }
}
