using System.Collections.Immutable;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Flv;

/// <summary>
/// The onMetaData tag of an FLV stream: what RTMP players are told, but for what is said of the file, which is the stream here. Its
/// key frames lie where it says they do, so that a player can ask for the stream from there on.
/// </summary>
/// <param name="reel">What is played.</param>
/// <param name="cursor">Where it begins.</param>
/// <param name="layout">Where the messages lie; null for a stream whose length is not known.</param>
internal sealed class FlvMetadata(Reel reel, StripCursor cursor, FlvLayout? layout)
{
    /// <summary>What RTMP players are told of the file that is served.</summary>
    private static readonly string[] OfTheFile = ["filesize", "hasKeyframes", "keyframes"];

    /// <summary>The part of the reel that begins.</summary>
    public int Part { get; init; }

    /// <summary>Writes the body of the tag. Its length does not depend on that of what is around it.</summary>
    /// <param name="headLength">The bytes of the stream before the first message.</param>
    /// <param name="length">The bytes of the stream.</param>
    public byte[] Write(long headLength, long length)
    {
        Amf0Reader reader = new(reel.MetadataOf(Part).Span, AmfLimits.Client);
        reader.ReadString();
        List<AmfProperty> properties = [.. reader.ReadValue().Properties.Where(static property => !OfTheFile.Contains(property.Name))];
        bool hasKeyframes = layout is not null && cursor.Title.Codecs.Lanes[StripEntry.VideoLane] is not null;
        properties.Add(new AmfProperty("hasKeyframes", AmfValue.Boolean(hasKeyframes)));
        if (layout is not null)
        {
            properties.Add(new AmfProperty("filesize", AmfValue.Number(length)));
        }

        if (hasKeyframes)
        {
            properties.Add(new AmfProperty("keyframes", Keyframes(headLength)));
        }

        return TitleMetadata.Write(properties);
    }

    /// <summary>Seconds as in the tags, and bytes from the beginning of the stream; thinned out evenly where they are many.</summary>
    private AmfValue Keyframes(long headLength)
    {
        Strip strip = cursor.Title.Strip;
        int first = FirstSyncPoint(strip, cursor.Place);
        int count = FirstSyncPoint(strip, cursor.End) - first;
        int listed = Math.Min(count, TitleMetadata.MaxKeyframes);
        ImmutableArray<AmfValue>.Builder times = ImmutableArray.CreateBuilder<AmfValue>(listed);
        ImmutableArray<AmfValue>.Builder positions = ImmutableArray.CreateBuilder<AmfValue>(listed);
        for (int i = 0; i < listed; i++)
        {
            int index = strip.SyncPoint(first + (int)((long)i * count / listed));
            times.Add(AmfValue.Number(cursor.PlayerTimeOf(index).Milliseconds / 1000.0));
            positions.Add(AmfValue.Number(headLength + layout!.PositionOf(cursor, index)));
        }

        return AmfValue.Object(
            ("times", AmfValue.StrictArray(times.MoveToImmutable())),
            ("filepositions", AmfValue.StrictArray(positions.MoveToImmutable())));
    }

    /// <summary>The number of the first sync point at or behind an entry; how many there are, when there is none.</summary>
    private static int FirstSyncPoint(Strip strip, int index)
    {
        int low = 0;
        int high = strip.SyncPointCount;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (strip.SyncPoint(middle) < index)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
