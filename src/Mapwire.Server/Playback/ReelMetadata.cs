using Mapwire.Rtmp.Amf;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>
/// Rewrites a title's onMetaData for a reel that it is a part of: what counts from the title's beginning to its end counts no more.
/// </summary>
internal static class ReelMetadata
{
    /// <summary>What tells of the whole file.</summary>
    private static readonly string[] OfTheFile = ["duration", "filesize", "lasttimestamp", "keyframes", "hasKeyframes"];

    /// <summary>Writes name and array, as AMF0.</summary>
    public static byte[] Write(Reel reel, ReelPart part)
    {
        Amf0Reader reader = new(part.Title.Metadata.Span, AmfLimits.Client);
        reader.ReadString();
        List<AmfProperty> properties = [];
        if (!reel.Loops)
        {
            properties.Add(new AmfProperty("duration", AmfValue.Number(reel.Seconds)));
        }

        properties.AddRange(reader.ReadValue().Properties.Where(static property => !OfTheFile.Contains(property.Name)));
        if (reel.Parts.Length == 1 && part.Title.Codecs.Lanes[StripEntry.VideoLane] is not null)
        {
            properties.Add(new AmfProperty("keyframes", AmfValue.Object(("times", Keyframes(part)))));
        }

        return TitleMetadata.Write(properties);
    }

    /// <summary>Where a seek lands, in seconds of the reel.</summary>
    private static AmfValue Keyframes(ReelPart part)
    {
        Strip strip = part.Title.Strip;
        List<AmfValue> times = [];
        for (int i = 0; i < strip.SyncPointCount; i++)
        {
            TitleTime time = strip[strip.SyncPoint(i)].Time;
            if (time >= part.In && time < part.Out && times.Count < TitleMetadata.MaxKeyframes)
            {
                times.Add(AmfValue.Number((time - part.In) / 1000.0));
            }
        }

        return AmfValue.StrictArray([.. times]);
    }
}
